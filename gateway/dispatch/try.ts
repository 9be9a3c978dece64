import type { Lane } from "./pool.ts";
import type { Verdict } from "./verdicts.ts";

/** One request sent to one backend. */
export type Try = {
  readonly lane: Lane;
  readonly kind: "first" | "hedge" | "retry";
  readonly verdict: Verdict;
  readonly sentAt: number;
  readonly load: number;
  readonly predictedMs: number;
  readonly costUsd: number;
  readonly missChance: number;
  /** What it waited for an instance to start, as was foreseen. */
  readonly waitMs: number;
  state: "out" | "answered" | "failed" | "abandoned";
  endedAt: number;
  /** It has taken so long that its backend was blamed for it. */
  isSilent: boolean;
};

/** How a try failed, in the words of the catalogue. */
export type TryFailure = {
  readonly retryable: boolean;
  /** Whether a breaker counts it. */
  readonly isBackends: boolean;
  /** It takes no more at the moment, and says so. */
  readonly isFull: boolean;
  readonly retryAfterMs?: number;
};

/** When an answer is later than almost all are. */
export function slowAfterMs({ lane, predictedMs, waitMs }: Try, quantile: number): number {
  return waitMs + (predictedMs - waitMs) * lane.latency.tail.quantile(quantile);
}

export function learnFromAnswer(made: Try, now: number): void {
  const { lane, sentAt, load, predictedMs, waitMs } = made;
  const { standing, latency } = lane;
  const ms = now - sentAt;
  const isCold = standing.warmth.sleeps && (waitMs > 0 || ms > Math.max(1_000, 0.3 * standing.terms.coldMs));
  standing.breaker.succeeded();
  standing.warmth.answered(now, load, isCold ? ms : undefined);
  if (!isCold) latency.learn({ at: now, ms, load, predictedMs });
}

/** What is still out after so long teaches that answers take that long at least; what waits for an instance does not. */
export function learnFromSilence({ lane, sentAt, load, predictedMs, waitMs }: Try, now: number): void {
  const ms = now - sentAt;
  if (waitMs === 0 && ms > predictedMs) lane.latency.learnOverdue({ at: now, ms, load });
}

/** An answer that takes this many times its 95th percentile counts as a failure of whoever owes it. */
const silence = 4;

/** Where nobody has believed or measured anything, and where an answer may take as long as a first one does. */
const unknownSlowMs = 500;

export function blameForSilence(made: Try, slowMs: number, now: number): void {
  const usualMs = made.predictedMs > 0 ? slowMs : unknownSlowMs;
  if (made.isSilent || made.waitMs > 0 || now - made.sentAt < silence * usualMs) return;
  made.isSilent = true;
  made.lane.standing.breaker.failed(now);
}

/** Who was blamed for its silence is not blamed for the same answer again. */
export function learnFromFailure({ lane, isSilent }: Try, failure: TryFailure, now: number): void {
  const { breaker } = lane.standing;
  const { isFull, isBackends, retryAfterMs = usualRetryMs } = failure;
  if (isFull) breaker.full(now, retryAfterMs);
  else if (isBackends && !isSilent) breaker.failed(now);
}

const usualRetryMs = 1_000;
