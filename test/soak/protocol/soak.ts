import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { BackendProcess } from "../../support/backend-process.ts";
import { residentBytes } from "../../support/process-tree.ts";
import type { Soak, SoakOptions, SoakResult } from "../soak.ts";
import { goodImages } from "../wrong-input/images.ts";
import { openBackendUnderFire } from "./backend-under-fire.ts";
import type { Aim, Mutated } from "./draft.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { judgeExchange } from "./judge-exchange.ts";
import { findLeftovers } from "./leftovers.ts";
import { mutatedRequest } from "./mutate.ts";
import { createProbe, type Probe } from "./probe.ts";

export const protocolSoak: Soak = {
  name: "protocol",
  describe:
    "seeded mutated requests against a live backend: no crash, no undocumented answer, nothing left in hand",
  quickCount: 2_000,
  fullCount: 20_000,
  run: fireMutations,
};

/**
 * A heap breathes by some tens of megabytes, in every thread one, and models that come and go leave holes in native
 * memory; what 12,000 requests leak of 10 KB each is as much as this.
 */
const mostGrowthBytes = 120 * 1_048_576;
const atOnce = 6;
const probeEvery = 250;
const longestMs = 600_000;
const mostFindings = 40;

type Fire = {
  readonly backend: BackendProcess;
  readonly aim: Aim;
  readonly probe: Probe;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** No request is sent after it, by `performance.now()`. */
  readonly until: number;
  readonly findings: string[];
  readonly figures: Record<string, number>;
};

async function fireMutations({ count, seed, signal }: SoakOptions): Promise<SoakResult> {
  await using under = await openBackendUnderFire();
  const { backend } = under;
  const aim = { host: backend.host, images: await goodImages(seed) };
  const until = performance.now() + longestMs;
  const probe = await createProbe(aim);
  const fire: Fire = { backend, aim, probe, seed, signal, until, findings: [], figures: {} };
  const { findings, figures } = fire;

  // The first requests pay for compiled code and filled pools; what memory does after them is what counts.
  const warm = Math.ceil(count * 0.4);
  await fireRange(fire, 0, warm);
  const before = await settledBytes(backend, 0, signal);
  await fireRange(fire, warm, count);
  if (backend.running()) findings.push(...(await findLeftovers(backend)));
  const after = await settledBytes(backend, before + mostGrowthBytes, signal);
  if (after > before + mostGrowthBytes)
    findings.push(`memory grew from ${megabytes(before)} to ${megabytes(after)} MB`);
  await note(probe(backend.port, signal), findings, "at the end");
  const how = await backend.stop();
  if (how !== 0) findings.push(`the backend ended with ${how}; it said:\n${backend.said().slice(-2_000)}`);
  return {
    findings,
    figures: { ...figures, memoryMbBefore: megabytes(before), memoryMbAfter: megabytes(after) },
  };
}

/** A few at once, as they come, each on its own connection. */
async function fireRange(fire: Fire, from: number, to: number): Promise<void> {
  const { backend, aim, probe, seed, signal, until, findings, figures } = fire;
  const mayGoOn = (): boolean =>
    backend.running() && findings.length < mostFindings && performance.now() < until;
  let next = from;
  const shoot = async (): Promise<void> => {
    while (next < to && mayGoOn()) {
      const index = next++;
      const request = mutatedRequest(aim, { seed, index });
      const answer = await exchange(request, { port: backend.port, signal });
      count(figures, answer);
      const problem = judgeExchange(request, answer);
      if (problem)
        findings.push(
          `request ${index} of seed ${seed} (${request.kind}): ${problem}; it was ${shown(request)}`,
        );
      if (index % probeEvery === probeEvery - 1)
        await note(probe(backend.port, signal), findings, `after request ${index}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, shoot));
  if (next < to) findings.push(`request ${next} of ${to} and those behind it were not sent`);
}

function count(figures: Record<string, number>, answer: Exchange): void {
  const statuses =
    answer.outcome === "ended" ? answer.answers.map(({ status }) => `status${status}`) : [answer.outcome];
  for (const name of statuses.length > 0 ? statuses : ["closed"]) figures[name] = (figures[name] ?? 0) + 1;
}

async function note(probed: Promise<string | undefined>, findings: string[], when: string): Promise<void> {
  const problem = await probed;
  if (problem) findings.push(`${when}: ${problem}`);
}

const mostShown = 12_000;

/** The bytes as they can be sent again, packed where they are many. */
function shown({ bytes }: Mutated): string {
  const all = Buffer.concat(bytes);
  if (all.length <= mostShown) return `base64 ${all.toString("base64")}`;
  const packed = gzipSync(all);
  if (packed.length <= mostShown) return `gzip in base64 ${packed.toString("base64")}`;
  return `${all.length} bytes that begin ${JSON.stringify(all.toString("latin1", 0, 600))}`;
}

/** Waits up to ten seconds for collectors to run, as long as memory is above what is wanted; returns the least seen. */
async function settledBytes({ pid }: BackendProcess, wanted: number, signal: AbortSignal): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let reading = 0; reading < 20 && least > wanted; reading += 1) {
    least = Math.min(least, await residentBytes([pid]));
    if (wanted === 0 && reading === 3) break;
    await sleep(500, undefined, { signal });
  }
  return least;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
