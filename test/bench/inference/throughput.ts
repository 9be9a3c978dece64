import type { BenchContext, Measure, Measured } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { openCeiling, workers } from "./ceiling.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { PeerPython } from "./make-venv.ts";
import { nameOf, type Peer, sweepPeer } from "./peer.ts";
import { fastapiRequests } from "./serve-fastapi.ts";
import { serveTradewind, tradewindRequests } from "./serve-tradewind.ts";
import type { Subject } from "./subject.ts";

export type ThroughputOptions = {
  readonly context: BenchContext;
  readonly subject: Subject;
  readonly generator: LoadGenerator;
  readonly peer: PeerPython;
  /** Images per second over the peer's. */
  readonly limits: { readonly floor: number; readonly aim: number };
};

/** Images per second and their latencies, in rounds: the ceiling, ours and the peer next to each other in each. */
export async function* measureThroughput(options: ThroughputOptions): AsyncIterable<Measured> {
  const { context, peer } = options;
  await using resources = new AsyncDisposableStack();
  const sides = await openSides(options, resources);
  const { signal } = context;
  const measured = await interleave(
    sides.map(({ measure }) => measure),
    { rounds: context.rounds(), warmUpRounds: context.quick ? 0 : 1, signal },
  );
  const rounds = sides.map((side, index) => ({ ...side, readings: measured[index] ?? [] }));
  for (const ours of rounds.filter(({ who }) => who === "ours")) {
    if (ours.processes === 1) yield overCeiling(options, ours, rounds);
    if ("python" in peer) yield* overPeer(options, ours, rounds);
  }
}

/** What of the peer is compared, and with what of ours: as many processes on either side. */
const pairs = [
  { processes: 1, concurrency: 1 },
  { processes: 1, concurrency: 4 },
  { processes: 1, concurrency: 16 },
  { processes: 2, concurrency: 4 },
  { processes: 2, concurrency: 16 },
];

type Reading = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number };

type Side = {
  readonly who: "ceiling" | "ours" | "fastapi";
  readonly processes: number;
  readonly concurrency: number;
  readonly tuned?: string;
  readonly measure: () => Promise<Reading>;
};

type Rounds = Side & { readonly readings: readonly Reading[] };

/** By concurrency, so that what is compared lies next to each other in time. */
async function openSides(options: ThroughputOptions, resources: AsyncDisposableStack): Promise<Side[]> {
  const { context, peer } = options;
  const wanted = context.quick
    ? pairs.filter(({ processes, concurrency }) => processes === 1 && concurrency === 4)
    : pairs;
  const sides = [
    ...(await openCeilings(options, wanted, resources)),
    ...(await openOurs(options, wanted, resources)),
    ...("python" in peer ? await openPeers(options, peer.python, wanted, resources) : []),
  ];
  return sides.sort((a, b) => a.concurrency - b.concurrency || a.processes - b.processes);
}

type Wanted = typeof pairs;

/** From `workers` on more requests at once are no more loops, so the ceiling is measured once for all of them. */
async function openCeilings(
  options: ThroughputOptions,
  wanted: Wanted,
  resources: AsyncDisposableStack,
): Promise<Side[]> {
  const { subject, generator, context } = options;
  const ceiling = resources.use(await openCeiling(subject, context.signal));
  const requests = tradewindRequests(subject);
  const loops = new Set(wanted.map(({ concurrency }) => Math.min(concurrency, workers)));
  return [...loops].map((concurrency) => ({
    who: "ceiling",
    processes: 1,
    concurrency,
    measure: async () => {
      const order = { concurrency, generator, requests, ...times(context) };
      return { perSecond: await ceiling.measure(order), p50Ms: 0, p99Ms: 0 };
    },
  }));
}

/** One process takes a worker for each core; of several each takes its share. */
async function openOurs(
  options: ThroughputOptions,
  wanted: Wanted,
  resources: AsyncDisposableStack,
): Promise<Side[]> {
  const { context, subject, generator } = options;
  const { root, signal } = context;
  const { repository } = subject;
  const ports = new Map<number, readonly number[]>();
  for (const processes of new Set(wanted.map((pair) => pair.processes))) {
    const share = processes === 1 ? {} : { workers: Math.max(1, Math.floor(workers / processes)) };
    const served = await Promise.all(
      Array.from({ length: processes }, async () =>
        resources.use(await serveTradewind({ root, repository, signal, ...share })),
      ),
    );
    ports.set(
      processes,
      served.map(({ port }) => port),
    );
  }
  const requests = tradewindRequests(subject);
  return wanted.map(({ processes, concurrency }) => ({
    who: "ours",
    processes,
    concurrency,
    measure: () =>
      generator.load({ ports: ports.get(processes) ?? [], requests, concurrency, ...times(context) }),
  }));
}

async function openPeers(
  options: ThroughputOptions,
  python: string,
  wanted: Wanted,
  resources: AsyncDisposableStack,
): Promise<Side[]> {
  const { context, subject, generator } = options;
  const { quick, say, signal } = context;
  const sweep = { python, subject, generator, wanted, quick, resources, say, signal };
  const peers = await sweepPeer({ ...sweep, warmUpMs: 200, windowMs: quick ? 300 : 1_500 });
  const requests = fastapiRequests(subject);
  return peers.map((peer: Peer) => ({
    who: "fastapi",
    processes: peer.processes,
    concurrency: peer.concurrency,
    tuned: nameOf(peer),
    measure: () =>
      generator.load({ ports: peer.ports, requests, concurrency: peer.concurrency, ...times(context) }),
  }));
}

function times({ quick }: BenchContext) {
  return quick ? { warmUpMs: 200, windowMs: 600 } : { warmUpMs: 500, windowMs: 3_500 };
}

function overCeiling(
  { subject, peer }: ThroughputOptions,
  ours: Rounds,
  rounds: readonly Rounds[],
): Measured {
  const { concurrency, readings } = ours;
  const loops = Math.min(concurrency, workers);
  const ceiling = rounds.find((side) => side.who === "ceiling" && side.concurrency === loops);
  const skipped = "skipped" in peer ? `; fastapi SKIPPED and not judged: ${peer.skipped}` : "";
  return {
    case: `${subject.name}, c=${concurrency}`,
    metric: "images served",
    unit: "/s",
    better: "higher",
    against: "ceiling",
    ...(concurrency === 1 ? {} : { floor: 0.85, aim: 0.95 }),
    ours: readings.map(({ perSecond }) => perSecond),
    theirs: ceiling?.readings.map(({ perSecond }) => perSecond) ?? [],
    note: `the ceiling is ${loops} bare loops of decode, letterbox and run${skipped}`,
  };
}

function* overPeer(
  { subject, limits }: ThroughputOptions,
  ours: Rounds,
  rounds: readonly Rounds[],
): Iterable<Measured> {
  const { concurrency, processes } = ours;
  const peer = rounds.find(
    (side) => side.who === "fastapi" && side.processes === processes && side.concurrency === concurrency,
  );
  if (!peer) throw new Error(`no peer was measured for ${processes} processes at c=${concurrency}`);
  const many = processes === 1 ? "1 process" : `${processes} processes`;
  const shared = { case: `${subject.name}, c=${concurrency}`, against: `fastapi, ${many}` };
  const of = (figure: keyof Reading) => ({
    ours: ours.readings.map((reading) => reading[figure]),
    theirs: peer.readings.map((reading) => reading[figure]),
  });
  const rate: Measure = { ...shared, metric: "images served", unit: "/s", better: "higher", ...limits };
  yield { ...rate, ...of("perSecond"), note: `the best of its sweep: ${peer.tuned}` };
  yield { ...shared, metric: "p50", unit: "ms", better: "lower", ...of("p50Ms") };
  yield { ...shared, metric: "p99", unit: "ms", better: "lower", floor: 1, ...of("p99Ms") };
}
