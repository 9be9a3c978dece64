/** How long a signed list is believed, in milliseconds. */
export type Lives = {
  readonly root: number;
  readonly targets: number;
  /** Of a model family's list. */
  readonly family: number;
  readonly snapshot: number;
  readonly timestamp: number;
};

const dayMs = 86_400_000;

/** What people sign by hand lasts long, what a process signs by itself ends soon after that process does. */
export const usualLives: Lives = {
  root: 365 * dayMs,
  targets: 365 * dayMs,
  family: 90 * dayMs,
  snapshot: 7 * dayMs,
  timestamp: dayMs,
};
