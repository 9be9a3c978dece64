import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type Exchange, exchange } from "../protocol/exchange.ts";
import type { Soak, SoakOptions, SoakResult } from "../soak.ts";
import { plain, type WrongRequest } from "./compose.ts";
import { type Detections, detectionsIn } from "./detections.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { wrongRequest } from "./requests.ts";
import { openUnderFire, type UnderFire } from "./under-fire.ts";

export const wrongInputSoak: Soak = {
  name: "wrong-input",
  describe:
    "seeded wrong requests of every kind against a really started gateway: no crash, no undocumented answer, memory flat",
  quickCount: 2_000,
  fullCount: 20_000,
  run: fireWrongInput,
};

/** Heaps breathe by some tens of megabytes, and the cache of answers fills; what 12,000 requests leak of 15 KB each is more. */
const mostGrowthBytes = 160 * 1_048_576;
const atOnce = 6;
const checkEvery = 100;
const longestMs = 900_000;
const mostFindings = 40;

type Fire = {
  readonly under: UnderFire;
  readonly sees: Detections;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** No request is sent after it, by `performance.now()`. */
  readonly until: number;
  readonly findings: string[];
  readonly figures: Record<string, number>;
};

async function fireWrongInput({ count, seed, signal }: SoakOptions): Promise<SoakResult> {
  await using under = await openUnderFire({ seed, signal });
  const until = performance.now() + longestMs;
  const sees = await lookOnce(under, signal);
  const fire: Fire = { under, sees, seed, signal, until, findings: [], figures: {} };
  const { findings, figures } = fire;

  // The first requests pay for compiled code and filled pools; what memory does after them is what counts.
  const warm = Math.ceil(count * 0.4);
  await fireRange(fire, 0, warm);
  const before = await settledBytes(under, 0, signal);
  await fireRange(fire, warm, count);
  const after = await settledBytes(under, before + mostGrowthBytes, signal);
  if (after > before + mostGrowthBytes)
    findings.push(`memory grew from ${megabytes(before)} to ${megabytes(after)} MB`);
  const trapped = under.trapped();
  if (trapped > 0) findings.push(`${trapped} connections were made for a URL of a caller`);
  const last: WrongRequest = { ...goodOne(under), isGood: true };
  await shoot(fire, last, "a good image at the end");
  const code = await under.stop();
  if (code !== 0) findings.push(`stopped with exit code ${code}; it said:\n${under.said()}`);
  const memory = { memoryMbBefore: megabytes(before), memoryMbAfter: megabytes(after) };
  return { findings, figures: { ...figures, ...memory } };
}

function goodOne({ target }: UnderFire): WrongRequest {
  const usual = { slow: false, end: "waits", unframed: false, requests: 1, allows: [], goodAt: [] } as const;
  return { kind: "good image", ...usual, mayPass: true, isGood: true, ...plain(target, {}) };
}

/** What every good request of this run must be told. */
async function lookOnce(under: UnderFire, signal: AbortSignal): Promise<Detections> {
  const answer = await exchange(goodOne(under), { port: under.port, signal });
  const body = answer.outcome === "ended" ? (answer.answers[0]?.body.toString() ?? "") : answer.outcome;
  const [found] = detectionsIn(body.startsWith("{") ? JSON.parse(body) : {});
  if (found && found.length > 0) return found;
  throw new Error(`nothing is seen in the good image: ${body.slice(0, 300)}`);
}

/** A few at once, as they come; which answer belongs to which request stays certain, since each has its own connection. */
async function fireRange(fire: Fire, from: number, to: number): Promise<void> {
  const { under, seed, until, findings } = fire;
  let next = from;
  const shootOn = async (): Promise<void> => {
    while (next < to && findings.length < mostFindings && performance.now() < until) {
      const index = next++;
      const request = wrongRequest(under.target, { seed, index });
      await shoot(fire, request, `request ${index} of seed ${seed} (${request.kind})`);
      if (index % checkEvery === 0) findings.push(...under.toldSecrets());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, shootOn));
  findings.push(...under.toldSecrets());
  if (next < to) findings.push(`request ${next} of ${to} and those behind it were not sent`);
}

async function shoot(fire: Fire, request: WrongRequest, which: string): Promise<void> {
  const { under, sees, signal, findings, figures } = fire;
  const answer = await exchange(request, { port: under.port, signal });
  count(figures, answer);
  const problem = judgeAnswer(request, answer, { sees, target: under.target });
  if (problem) findings.push(`${which}: ${problem}; it was ${shown(request, under)}`);
}

function count(figures: Record<string, number>, answer: Exchange): void {
  const statuses =
    answer.outcome === "ended" ? answer.answers.map(({ status }) => `status${status}`) : [answer.outcome];
  for (const name of statuses.length > 0 ? statuses : ["closed"]) figures[name] = (figures[name] ?? 0) + 1;
}

const mostShown = 3_000;

/** The bytes as they can be sent again, packed where they are many; with a name in place of each key. */
function shown({ bytes }: WrongRequest, { target }: UnderFire): string {
  const text = Buffer.concat(bytes).toString("latin1");
  const all = Buffer.from(
    text.replaceAll(target.key, "KEY").replaceAll(target.limitedKey, "LIMITED"),
    "latin1",
  );
  if (all.length <= mostShown) return JSON.stringify(all.toString("latin1"));
  const packed = gzipSync(all);
  if (packed.length <= mostShown) return `gzip in base64 ${packed.toString("base64")}`;
  return `${all.length} bytes that begin ${JSON.stringify(all.toString("latin1", 0, 600))}`;
}

/** Waits up to ten seconds for collectors to run, as long as memory is above what is wanted; returns the least seen. */
async function settledBytes(under: UnderFire, wanted: number, signal: AbortSignal): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let reading = 0; reading < 20 && least > wanted; reading += 1) {
    least = Math.min(least, await under.residentBytes());
    if (wanted === 0 && reading === 3) break;
    await sleep(500, undefined, { signal });
  }
  return least;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
