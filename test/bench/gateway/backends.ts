import type { Bench, BenchContext, Measured } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { checkAnswers } from "./check-answers.ts";
import { type Contender, type Reading, read, sizeName, times } from "./reading.ts";
import { ratedShape } from "./serve-ours.ts";
import { openOurs, openStage, type Stage } from "./stage.ts";

export const backendsBench: Bench = {
  name: "backends",
  describe: "what the front door still does when a route has 30 and 300 backends instead of 3",
  run: measureBackends,
};

/** All of them are one process under so many addresses, so that the gateway is what differs. */
const few = 3;
const more = [
  { count: 30, floor: 0.9 },
  { count: 300, floor: 0.75 },
] as const;

const sizes = [2_048, 61_440];

async function* measureBackends(context: BenchContext): AsyncIterable<Measured> {
  await using resources = new AsyncDisposableStack();
  const stage = await openStage(context, resources);
  const first = await openFleet(stage, few);
  const others: Contender[] = [];
  for (const { count } of more) others.push(await openFleet(stage, count));
  await checkAnswers([first, ...others], [], context.signal);
  // Who is stopped does not end.
  resources.defer(() => [first, ...others].forEach(goOn));
  for (const contender of [first, ...others]) await alone(contender, () => warmUp(stage, contender));
  for (const bytes of context.quick ? sizes.slice(0, 1) : sizes)
    yield* measureSize(stage, bytes, [first, ...others]);
}

/** A gateway of 300 backends asks them what they have even where nobody asks it, so it stops while another is measured. */
async function alone<Result>(contender: Contender, measure: () => Promise<Result>): Promise<Result> {
  goOn(contender);
  try {
    return await measure();
  } finally {
    for (const pid of contender.server.pids) process.kill(pid, "SIGSTOP");
  }
}

function goOn({ server }: Contender): void {
  for (const pid of server.pids) process.kill(pid, "SIGCONT");
}

async function openFleet(stage: Stage, backends: number): Promise<Contender> {
  const server = await openOurs(stage, `backends-${backends}`, { redisUrl: stage.redisUrl, backends });
  return { name: `${backends} backends`, server, shape: ratedShape };
}

/** Long enough for each of them to be asked and measured, and for its connections to be opened. */
async function warmUp({ context, generator }: Stage, contender: Contender): Promise<void> {
  const windowMs = context.quick ? 500 : 5_000;
  const asked = { generator, contender, bytes: 2_048, images: "unique", warmUpMs: 0, windowMs } as const;
  await read({ ...asked, pace: { concurrency: 32 } });
}

async function* measureSize(
  { context, generator }: Stage,
  bytes: number,
  contenders: readonly Contender[],
): AsyncIterable<Measured> {
  const asked = { generator, bytes, images: "unique", pace: { concurrency: 32 } } as const;
  const [first = [], ...others] = await interleave(
    contenders.map(
      (contender) => () => alone(contender, () => read({ ...asked, contender, ...times(context, bytes) })),
    ),
    { rounds: context.rounds(11), warmUpRounds: context.quick ? 0 : 1, signal: context.signal },
  );
  for (const [place, { count, floor }] of more.entries())
    yield* compare(`miss, ${sizeName(bytes)}, c=32, ${count} backends`, others[place] ?? [], first, floor);
}

function* compare(
  name: string,
  ours: readonly Reading[],
  theirs: readonly Reading[],
  floor: number,
): Iterable<Measured> {
  const of = (figure: "perSecond" | "p50Ms" | "p99Ms" | "processorMs") => ({
    ours: ours.map((reading) => reading[figure]),
    theirs: theirs.map((reading) => reading[figure]),
  });
  const shared = { case: name, against: `${few} backends` };
  yield { ...shared, metric: "requests", unit: "/s", better: "higher", floor, ...of("perSecond") };
  yield { ...shared, metric: "p50", unit: "ms", better: "lower", ...of("p50Ms") };
  yield { ...shared, metric: "p99", unit: "ms", better: "lower", ...of("p99Ms") };
  const processor = of("processorMs");
  // In a smoke's short window a clock of hundredths of a second may not have moved.
  if (processor.theirs.every((ms) => ms > 0))
    yield { ...shared, metric: "processor time", unit: "ms a request", better: "lower", ...processor };
}
