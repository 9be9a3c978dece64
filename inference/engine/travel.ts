/** How many runs of a model go to a session in one message, to be computed one after the other. */
export type Travel = {
  /** Of so many that wait, with so many sessions idle: each session gets its share. */
  readonly most: (waiting: number, idle: number) => number;
  /** What one run took, without its way. */
  readonly learn: (ms: number) => void;
};

/** A message to another thread and back costs about this much on both sides. */
const wayMs = 0.05;
/** Nobody waits longer than this for those in front in the same message. */
const longestMs = 1;
const mostRuns = 16;
const weight = 0.05;

/** Runs that compute for longer than they travel go alone, so that all but the tiniest models are not touched by this. */
export function createTravel(): Travel {
  let typicalMs = Number.POSITIVE_INFINITY;
  return {
    most: (waiting, idle) => {
      if (typicalMs > wayMs) return 1;
      const share = Math.ceil(waiting / Math.max(1, idle));
      return Math.max(1, Math.min(mostRuns, share, Math.floor(longestMs / typicalMs)));
    },
    learn: (ms) => {
      typicalMs = typicalMs === Number.POSITIVE_INFINITY ? ms : typicalMs + weight * (ms - typicalMs);
    },
  };
}
