import type { BenchContext, Measured } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { quantile } from "../judge.ts";
import type { LoadGenerator } from "./load-generator.ts";
import { type Contender, type Reading, read, sizeName, times } from "./reading.ts";

export type OpenLoopOptions = {
  readonly context: BenchContext;
  readonly generator: LoadGenerator;
  readonly ours: Contender;
  readonly bareProxy: Contender;
  readonly direct: Contender;
  readonly sizes: readonly number[];
};

/** A fixed rate of misses: what a caller waits who comes whether or not the last one was answered. */
export async function* measureOpenLoop(options: OpenLoopOptions): AsyncIterable<Measured> {
  for (const bytes of options.sizes) {
    const rounds: Round[] = [];
    for (let round = options.context.quick ? 0 : -1; round < options.context.rounds(); round += 1) {
      const measured = await measureRound(options, bytes, round);
      if (round >= 0) rounds.push(measured);
    }
    yield* rows(`open loop, miss, ${sizeName(bytes)}`, rounds);
  }
}

type Round = {
  readonly perSecond: number;
  readonly ours: Reading;
  readonly bare: Reading;
  readonly direct: Reading;
};

/** What ours can do is asked anew in each round: on a machine that drifts, an old answer would be another load. */
async function measureRound(options: OpenLoopOptions, bytes: number, round: number): Promise<Round> {
  const { context, generator, ours, bareProxy, direct } = options;
  const { quick, signal } = context;
  const asked = { generator, bytes, images: "unique" } as const;
  const most = await read({ ...asked, contender: ours, pace: { concurrency: 32 }, ...times(context, bytes) });
  const perSecond = Math.max(1, Math.floor(0.7 * most.perSecond));
  const paced = quick ? { warmUpMs: 150, windowMs: 500 } : { warmUpMs: 500, windowMs: 4_000 };
  const sides = [ours, bareProxy, direct];
  const order = round % 2 === 0 ? sides : sides.toReversed();
  const measured = await interleave(
    order.map((contender) => () => read({ ...asked, contender, pace: { perSecond }, ...paced })),
    { rounds: 1, signal },
  );
  const of = (contender: Contender): Reading => {
    const reading = measured[order.indexOf(contender)]?.[0];
    if (!reading) throw new Error(`${contender.name} was not measured`);
    return reading;
  };
  return { perSecond, ours: of(ours), bare: of(bareProxy), direct: of(direct) };
}

function* rows(name: string, rounds: readonly Round[]): Iterable<Measured> {
  const rate = Math.round(
    quantile(
      rounds.map(({ perSecond }) => perSecond),
      0.5,
    ),
  );
  const late = quantile(
    rounds.map(({ ours }) => ours.lateP99Ms),
    0.5,
  );
  const note = `${rate} a second, 0.7 of what each round's closed loop reached; a timer's part is in both sides: the generator woke up to ${late.toFixed(1)} ms late (p99)`;
  yield added(name, "p99", "ours", rounds, { floor: 3, aim: 1, note });
  yield added(name, "p50", "ours", rounds);
  yield added(name, "p99.9", "ours", rounds);
  yield added(`${name}, bare proxy`, "p99", "bare", rounds);
}

const figures = { p50: "p50Ms", p99: "p99Ms", "p99.9": "p999Ms" } as const;

/** Round by round, so that what the machine itself put in is taken out where it happened. */
function added(
  name: string,
  figure: keyof typeof figures,
  side: "ours" | "bare",
  rounds: readonly Round[],
  more: Pick<Measured, "floor" | "aim" | "note"> = {},
): Measured {
  const at = figures[figure];
  return {
    ...{ case: name, metric: `${figure} above going direct`, unit: "ms", better: "lower", against: "limit" },
    ...more,
    ours: rounds.map((round) => round[side][at] - round.direct[at]),
  };
}
