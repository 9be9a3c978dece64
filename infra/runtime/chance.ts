import { randomBytes } from "node:crypto";

/** Randomness as an argument, so that a test can replay it. */
export type Chance = {
  /** A number in [0, 1), for choices and jitter. */
  readonly number: () => number;
  /** Unguessable bytes, for keys and ids. */
  readonly bytes: (count: number) => Uint8Array;
};

export const systemChance: Chance = {
  number: () => Math.random(),
  bytes: (count) => randomBytes(count),
};
