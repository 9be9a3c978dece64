import type { BenchContext, Measure, Measured } from "../bench.ts";
import { interleave } from "../interleave.ts";
import type { Own } from "./contenders.ts";
import type { LoadGenerator } from "./load-generator.ts";
import { type Contender, type Reading, read, sizeName, times } from "./reading.ts";

export type MatrixOptions = {
  readonly context: BenchContext;
  readonly generator: LoadGenerator;
  readonly own: Own;
  /** Other people's gateways, on the way of a miss and of a hit. */
  readonly others: { readonly miss: readonly Contender[]; readonly hit: readonly Contender[] };
  readonly sizes: readonly number[];
  readonly concurrencies: readonly number[];
};

/** How many images come again and again where hits are measured. */
const fewImages = 8;

/** Every size at every concurrency, miss and hit; in each round all sides of a cell next to each other. */
export async function* measureMatrix(options: MatrixOptions): AsyncIterable<Measured> {
  for (const bytes of options.sizes) {
    for (const concurrency of options.concurrencies) {
      yield* measureMisses(options, { bytes, concurrency });
      yield* measureHits(options, { bytes, concurrency });
    }
  }
}

type Cell = { readonly bytes: number; readonly concurrency: number };

async function* measureMisses(options: MatrixOptions, cell: Cell): AsyncIterable<Measured> {
  const { ours, bounded, withoutRedis, bareProxy, direct } = options.own;
  const sides = [ours, bareProxy, bounded, withoutRedis, ...options.others.miss, direct];
  const rounds = await readCell(options, cell, "unique", sides);
  const mine = readingsOf(rounds, ours);
  const name = `miss, ${cellName(cell)}`;
  yield* compare(name, mine, bareProxy, rounds, { floor: 0.55, aim: 0.8 });
  yield* compare(`${name}, places and budgets too`, readingsOf(rounds, bounded), bareProxy, rounds);
  for (const other of [withoutRedis, ...options.others.miss]) yield* compare(name, mine, other, rounds);
  if (cell.concurrency > 1) return;
  const without = readingsOf(rounds, direct);
  yield addedLatency(`${name}, ours`, mine, without, { floor: 0.6, aim: 0.3 });
  for (const other of sides.filter((side) => side !== ours && side !== direct)) {
    yield addedLatency(`${name}, ${other.name}`, readingsOf(rounds, other), without);
  }
}

async function* measureHits(options: MatrixOptions, cell: Cell): AsyncIterable<Measured> {
  const { ours, bounded, leased, bareHit, echo } = options.own;
  const sides = [ours, bareHit, bounded, ...options.others.hit, leased, echo];
  const rounds = await readCell(options, cell, fewImages, sides);
  const mine = readingsOf(rounds, ours);
  const name = `hit, ${cellName(cell)}`;
  yield* compare(name, mine, bareHit, rounds, { floor: 0.6, aim: 0.85 });
  yield* compare(`${name}, places and budgets too`, readingsOf(rounds, bounded), bareHit, rounds);
  for (const other of options.others.hit) yield* compare(name, mine, other, rounds);
  yield* compare(`${name}, with a lease`, readingsOf(rounds, leased), echo, rounds, { aim: 0.4 });
  yield generatorRow(name, readingsOf(rounds, echo));
}

type Rounds = ReadonlyMap<string, readonly Reading[]>;

async function readCell(
  { context, generator }: MatrixOptions,
  { bytes, concurrency }: Cell,
  images: "unique" | number,
  sides: readonly Contender[],
): Promise<Rounds> {
  const { quick, signal } = context;
  const pace = { concurrency };
  const measured = await interleave(
    sides.map(
      (contender) => () => read({ generator, contender, bytes, images, pace, ...times(context, bytes) }),
    ),
    { rounds: context.rounds(), warmUpRounds: quick ? 0 : 1, signal },
  );
  return new Map(sides.map(({ name }, index) => [name, measured[index] ?? []]));
}

function readingsOf(rounds: Rounds, { name }: Contender): readonly Reading[] {
  return rounds.get(name) ?? [];
}

function rates(readings: readonly Reading[]): readonly number[] {
  return readings.map(({ perSecond }) => perSecond);
}

type Limits = Pick<Measure, "floor" | "aim">;

/** The rate is what is judged; processor time beside it is steadier on a machine that is shared. */
function* compare(
  name: string,
  mine: readonly Reading[],
  other: Contender,
  rounds: Rounds,
  limits: Limits = {},
): Iterable<Measured> {
  const theirs = readingsOf(rounds, other);
  const of = (figure: "perSecond" | "p50Ms" | "p99Ms" | "processorMs") => ({
    ours: mine.map((reading) => reading[figure]),
    theirs: theirs.map((reading) => reading[figure]),
  });
  const shared = { case: name, against: other.name };
  const note = other.note === undefined ? {} : { note: other.note };
  yield {
    ...shared,
    metric: "requests",
    unit: "/s",
    better: "higher",
    ...limits,
    ...of("perSecond"),
    ...note,
  };
  yield { ...shared, metric: "p50", unit: "ms", better: "lower", ...of("p50Ms") };
  yield { ...shared, metric: "p99", unit: "ms", better: "lower", ...of("p99Ms") };
  const processor = of("processorMs");
  // In a smoke's short window a clock of hundredths of a second may not have moved.
  if (processor.theirs.every((ms) => ms > 0)) {
    yield { ...shared, metric: "processor time", unit: "ms a request", better: "lower", ...processor };
  }
}

/** What a gateway puts on top of the backend, round by round. */
function addedLatency(
  name: string,
  side: readonly Reading[],
  without: readonly Reading[],
  limits: Limits = {},
): Measured {
  return {
    ...{ case: name, metric: "p50 above going direct", unit: "ms", better: "lower", against: "limit" },
    ...limits,
    ours: side.map(({ p50Ms }, round) => p50Ms - (without[round]?.p50Ms ?? 0)),
  };
}

/** The cheapest server there is says how far the generator itself could go. */
function generatorRow(name: string, echo: readonly Reading[]): Measured {
  return {
    case: name,
    metric: "the generator's own processor time",
    unit: "ms a request",
    better: "lower",
    against: "limit",
    ours: echo.map(({ generatorMs }) => generatorMs),
    note: `measured on the bare echo, which answered ${Math.round(Math.max(...rates(echo)))} a second at best`,
  };
}

function cellName({ bytes, concurrency }: Cell): string {
  return `${sizeName(bytes)}, c=${concurrency}`;
}
