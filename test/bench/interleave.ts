/** One figure per round. */
export type Samples = readonly number[];

/** Measures one side once; what it returns may hold several figures, which the caller takes apart. */
export type Side<Measurement> = (options: {
  readonly round: number;
  readonly signal: AbortSignal;
}) => Promise<Measurement>;

export type InterleaveOptions = {
  readonly rounds: number;
  /** Rounds run first and thrown away, while caches and compilers warm up. */
  readonly warmUpRounds?: number;
  readonly signal: AbortSignal;
};

/**
 * Measures all sides in every round, next to each other in time, so that a drift of the machine falls on all of them;
 * every second round goes backwards, so that none always enjoys what the one before it left behind. Returns one list
 * per side, in the order of the sides; place n of every list comes from the same round.
 */
export async function interleave<Measurement>(
  sides: readonly Side<Measurement>[],
  { rounds, warmUpRounds = 0, signal }: InterleaveOptions,
): Promise<readonly (readonly Measurement[])[]> {
  const taken = sides.map((measure) => ({ measure, measurements: [] as Measurement[] }));
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? taken : taken.toReversed()) {
      signal.throwIfAborted();
      const measurement = await side.measure({ round, signal });
      if (round >= 0) side.measurements.push(measurement);
    }
  }
  return taken.map((side) => side.measurements);
}
