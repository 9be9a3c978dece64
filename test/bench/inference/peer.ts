import { interleave } from "../interleave.ts";
import { quantile } from "../judge.ts";
import type { LoadGenerator } from "./load-generator.ts";
import { fastapiRequests, type PeerTuning, serveFastapi } from "./serve-fastapi.ts";
import type { Subject } from "./subject.ts";

/** The peer's best answer to each way of being asked. */
export type Peer = {
  readonly processes: number;
  readonly concurrency: number;
  readonly tuning: PeerTuning;
  readonly ports: readonly number[];
};

export type SweepOptions = {
  readonly python: string;
  readonly subject: Subject;
  readonly generator: LoadGenerator;
  /** Of each pair the best tuning is looked for. */
  readonly wanted: readonly { readonly processes: number; readonly concurrency: number }[];
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly quick: boolean;
  readonly resources: AsyncDisposableStack;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/**
 * Tries every tuning at every concurrency, in interleaved rounds, and keeps the quickest of each. All of them stay open:
 * they wait without spinning, and a server that is ended and started again is a cold one.
 */
export async function sweepPeer(options: SweepOptions): Promise<readonly Peer[]> {
  const { subject, quick, say, signal } = options;
  const candidates = await openCandidates(options);
  const rates = await interleave(
    candidates.map((candidate) => () => rate(options, candidate)),
    { rounds: quick ? 1 : 3, signal },
  );
  const best = new Map<string, Peer & { readonly perSecond: number }>();
  candidates.forEach((candidate, index) => {
    const perSecond = quantile(rates[index] ?? [], 0.5);
    const { processes, concurrency } = candidate;
    say(`${subject.name}, fastapi, ${nameOf(candidate)}, c=${concurrency}: ${perSecond.toFixed(1)} /s`);
    const key = `${processes} ${concurrency}`;
    if (perSecond > (best.get(key)?.perSecond ?? 0)) best.set(key, { ...candidate, perSecond });
  });
  return [...best.values()];
}

export function nameOf({
  processes,
  tuning: { threads, intraOp },
}: Pick<Peer, "processes" | "tuning">): string {
  const each = processes === 1 ? "1 process" : `${processes} processes, each`;
  return `${each} of ${threads} threads, ${intraOp} a run`;
}

function tunings(processes: number, quick: boolean): readonly PeerTuning[] {
  if (quick) return [{ threads: 2, intraOp: 1 }];
  const threads = processes === 1 ? [1, 2, 3] : [1, 2];
  return threads.flatMap((many) => [1, 2].map((intraOp) => ({ threads: many, intraOp })));
}

async function openCandidates(options: SweepOptions): Promise<Peer[]> {
  const { wanted, quick } = options;
  const candidates: Peer[] = [];
  for (const processes of new Set(wanted.map((pair) => pair.processes))) {
    const asked = wanted.filter((pair) => pair.processes === processes);
    for (const tuning of tunings(processes, quick)) {
      const ports = await serve(options, processes, tuning);
      for (const { concurrency } of asked) candidates.push({ processes, concurrency, tuning, ports });
    }
  }
  return candidates;
}

async function serve(options: SweepOptions, processes: number, tuning: PeerTuning): Promise<number[]> {
  const { python, subject, signal, resources } = options;
  const ports: number[] = [];
  for (let process = 0; process < processes; process += 1) {
    const { path } = subject;
    ports.push(resources.use(await serveFastapi({ python, path, ...tuning, signal })).port);
  }
  return ports;
}

async function rate(options: SweepOptions, { ports, concurrency }: Peer): Promise<number> {
  const { subject, generator, warmUpMs, windowMs } = options;
  const requests = fastapiRequests(subject);
  return (await generator.load({ ports, requests, concurrency, warmUpMs, windowMs })).perSecond;
}
