/** What a programmable backend saw since it began or was told to forget. */
export type Counters = {
  /** Images that came whole. */
  requests: number;
  inFlight: number;
  maxInFlight: number;
  /** Callers that hung up before their answer was whole. */
  aborted: number;
  /** Connections that were taken. */
  connections: number;
  openConnections: number;
  /** Questions about models, and whether it is ready. */
  questions: number;
  /** Answers to images by their status. */
  answered: Record<string, number>;
};

export function noneCounted(): Counters {
  return {
    requests: 0,
    inFlight: 0,
    maxInFlight: 0,
    aborted: 0,
    connections: 0,
    openConnections: 0,
    questions: 0,
    answered: {},
  };
}

/** What is there now stays counted; what was is forgotten. */
export function forget(counters: Counters): void {
  const { inFlight, openConnections } = counters;
  Object.assign(counters, noneCounted(), { inFlight, maxInFlight: inFlight, openConnections });
}
