/** How runs of tiny models go to a session: several in one message, to be computed one after the other. */
export type Travel = {
  /** Is it worth a moment's wait, to see whether others come along? */
  readonly pays: boolean;
  /** Runs in one message. */
  readonly most: number;
  /** So few runs are better off with the next message, which leaves when one of those under way is back. */
  readonly waits: (waiting: number, underWay: number) => boolean;
  /** Nobody waits for longer, neither for the next message nor for those in front in the same one. */
  readonly patienceMs: number;
  /** What one run took, without its way. */
  readonly learn: (ms: number) => void;
};

/** A message wakes a thread, and its answer wakes this one: both cost about this much together. */
const wayMs = 0.05;
const longestMs = 1;
const mostRuns = 16;
const weight = 0.05;

/** Runs that compute for longer than they travel go alone, so that all but the tiniest models are not touched by this. */
export function createTravel(): Travel {
  let typicalMs = Number.POSITIVE_INFINITY;
  const most = (): number => {
    if (typicalMs > wayMs) return 1;
    return Math.max(1, Math.min(mostRuns, Math.floor(longestMs / typicalMs)));
  };
  return {
    get pays() {
      return most() > 1;
    },
    get most() {
      return most();
    },
    waits: (waiting, underWay) => underWay > 0 && most() > 1 && waiting < most(),
    patienceMs: longestMs,
    learn: (ms) => {
      typicalMs = typicalMs === Number.POSITIVE_INFINITY ? ms : typicalMs + weight * (ms - typicalMs);
    },
  };
}
