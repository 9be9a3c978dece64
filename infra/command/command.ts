/** One verb of `tradewind`. */
export type Command = {
  readonly summary: string;
  readonly usage: string;
  /** Resolves to the exit code. */
  readonly run: (args: string[]) => Promise<number>;
};
