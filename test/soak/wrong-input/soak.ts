import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { launchTradewind, type Tradewind } from "../../support/launch-tradewind.ts";
import { descendants, residentBytes } from "../../support/process-tree.ts";
import type { Soak, SoakOptions, SoakResult } from "../soak.ts";
import type { Target, WrongRequest } from "./compose.ts";
import { goodImages } from "./images.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { wrongRequest } from "./requests.ts";
import { type Answer, send } from "./send.ts";

export const wrongInputSoak: Soak = {
  name: "wrong-input",
  describe:
    "seeded wrong requests against a really started gateway: no crash, no undocumented status, memory flat",
  quickCount: 200,
  fullCount: 20_000,
  run: fireWrongInput,
};

/** Heaps breathe by some tens of megabytes; what 20,000 requests leak of 10 KB each is more than this. */
const mostGrowthBytes = 160 * 1024 * 1024;
const atOnce = 4;

async function fireWrongInput({ count, seed, signal }: SoakOptions): Promise<SoakResult> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "tradewind-soak-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const tradewind = resources.use(await start(join(folder, "data"), signal));
  const target = await aim(tradewind, seed);
  const findings: string[] = [];
  const figures: Record<string, number> = {};
  const fire = (from: number, to: number) => fireRange(target, { from, to, seed, signal }, findings, figures);

  // The first requests pay for compiled code and filled pools; what memory does after them is what counts.
  const warm = Math.ceil(count / 5);
  await fire(0, warm);
  const before = await settledBytes(tradewind, 0, signal);
  await fire(warm, count);
  const after = await settledBytes(tradewind, before + mostGrowthBytes, signal);
  if (after > before + mostGrowthBytes)
    findings.push(`memory grew from ${megabytes(before)} to ${megabytes(after)} MB`);
  findings.push(...(await stillAnswers(tradewind, target, signal)));
  const code = await tradewind.stop();
  if (code !== 0) findings.push(`stopped with exit code ${code}`);
  return {
    findings,
    figures: { ...figures, memoryMbBefore: megabytes(before), memoryMbAfter: megabytes(after) },
  };
}

async function start(data: string, signal: AbortSignal): Promise<Tradewind> {
  return await launchTradewind({
    command: process.execPath,
    args: ["infra/main.ts", "start", "--data", data, "--port", "0"],
    cwd: join(import.meta.dirname, "../../.."),
    signal,
  });
}

type Aimed = Target & { readonly hostname: string; readonly port: number };

async function aim({ detectUrl, key }: Tradewind, seed: number): Promise<Aimed> {
  const { host, hostname, port, pathname } = new URL(detectUrl);
  return { host, hostname, port: Number(port), path: pathname, key, images: await goodImages(seed) };
}

type Range = {
  readonly from: number;
  readonly to: number;
  readonly seed: number;
  readonly signal: AbortSignal;
};

/** A few at once, as they come; which answer belongs to which request stays certain, since each has its own connection. */
async function fireRange(
  target: Aimed,
  { from, to, seed, signal }: Range,
  findings: string[],
  figures: Record<string, number>,
): Promise<void> {
  let next = from;
  const shoot = async (): Promise<void> => {
    while (next < to) {
      const index = next++;
      const request = wrongRequest(target, { seed, index });
      const answer = await send(request, { host: target.hostname, port: target.port, signal });
      const name = answer.outcome === "answered" ? `status${answer.status}` : answer.outcome;
      figures[name] = (figures[name] ?? 0) + 1;
      const problem = judgeAnswer(request, answer);
      if (problem) findings.push(`request ${index} of seed ${seed} (${request.kind}): ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, shoot));
}

/** Waits up to ten seconds for collectors to run, as long as memory is above what is wanted; returns the least seen. */
async function settledBytes(tradewind: Tradewind, wanted: number, signal: AbortSignal): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let reading = 0; reading < 20 && least > wanted; reading += 1) {
    least = Math.min(least, await residentBytes([tradewind.pid, ...(await descendants(tradewind.pid))]));
    if (wanted === 0 && reading === 3) break;
    await sleep(500, undefined, { signal });
  }
  return least;
}

/** After all of it a good image must still get its boxes. */
async function stillAnswers(
  { key }: Tradewind,
  target: Aimed,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const good: WrongRequest = {
    kind: "good image",
    bytes: [goodRequest(target, key)],
    leaves: false,
    mayPass: true,
    unframed: false,
  };
  const answer: Answer = await send(good, { host: target.hostname, port: target.port, signal });
  const ok = answer.outcome === "answered" && answer.status === 200 && answer.body.includes('"detections"');
  return ok ? [] : [`a good image got no boxes afterwards: ${JSON.stringify(answer).slice(0, 300)}`];
}

function goodRequest({ host, path, images }: Target, key: string): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n`;
  const content = `content-type: image/jpeg\r\ncontent-length: ${images.jpeg.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head + content), images.jpeg]);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
