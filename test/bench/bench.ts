import type { Samples } from "./interleave.ts";

/** One thing measured, and what it is held against; what was measured comes as samples beside it. */
export type Measure = {
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  /** Which way is good: seconds and megabytes fall, images per second rise. */
  readonly better: "lower" | "higher";
  /** The peer's name, or `limit` where the figure itself is judged. */
  readonly against: string;
  /**
   * What must hold: of `ours / theirs` where there is a peer, of `ours` where there is none. A figure exactly on it holds.
   */
  readonly floor?: number;
  /** Where we are going. */
  readonly aim?: number;
  /** What a reader must know to trust the row: what was summed, why there is one round. */
  readonly note?: string;
};

/** What a bench hands over, one by one as it gets there, so that the table grows while one waits. */
export type Measured = Measure & {
  readonly ours: Samples;
  /** Round by round beside `ours`. */
  readonly theirs?: Samples;
};

export type BenchContext = {
  /** A smoke of the harness in under 30 s: the numbers mean nothing. */
  readonly quick: boolean;
  /** The rounds to measure: what the bench asks for, at least 7, or 1 in a smoke. */
  readonly rounds: (wanted?: number) => number;
  /** The checkout the bench runs in. */
  readonly root: string;
  /** An empty folder of this run, removed after it; anyone may pass through it, as a dropped user must. */
  readonly folder: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

export type Bench = {
  readonly name: string;
  readonly describe: string;
  readonly run: (context: BenchContext) => AsyncIterable<Measured>;
};

/** The fewest rounds that count: this kind of machine drifts by a third between runs. */
export const fewestRounds = 7;

export function roundsFor({ quick }: { readonly quick: boolean }): (wanted?: number) => number {
  return (wanted = fewestRounds) => (quick ? 1 : Math.max(wanted, fewestRounds));
}
