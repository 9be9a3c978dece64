export type SoakOptions = {
  /** How many of whatever the soak repeats. */
  readonly count: number;
  /** The same seed asks the same things in the same order. */
  readonly seed: number;
  readonly signal: AbortSignal;
};

export type SoakResult = {
  /** What went wrong, each with what it takes to repeat it; none means it holds. */
  readonly findings: readonly string[];
  /** What was counted and measured on the way. */
  readonly figures: Readonly<Record<string, number>>;
};

export type Soak = {
  readonly name: string;
  readonly describe: string;
  /** For `npm test`. */
  readonly quickCount: number;
  readonly fullCount: number;
  readonly run: (options: SoakOptions) => Promise<SoakResult>;
};
