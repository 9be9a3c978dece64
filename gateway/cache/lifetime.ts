import type { CachedAnswer, FinishedAnswer } from "./cached-answer.ts";

export type KeepPolicy = {
  readonly ttlMs: number;
  /** How much longer it may be shown while a newer one is made. */
  readonly staleMs: number;
  /** The share of its life, 0 to 1, by which chance may shorten it, so that what was stored together doesn't end together. */
  readonly jitter: number;
};

/** How long the answer lives from now on; `luck` is a number in [0, 1). */
export function dated(
  answer: FinishedAnswer,
  { ttlMs, staleMs, jitter }: KeepPolicy,
  { now, luck }: { readonly now: number; readonly luck: number },
): CachedAnswer {
  const share = 1 - jitter * luck;
  const freshUntil = Math.floor(now + ttlMs * share);
  const staleUntil = Math.floor(freshUntil + staleMs * share);
  const { core, model, version, precision, backend } = answer;
  return { core, model, version, precision, backend, storedAt: now, freshUntil, staleUntil };
}

/** An answer dated by a clock ahead of ours lives no longer here than it was meant to. */
export function withoutSkew(answer: CachedAnswer, now: number): CachedAnswer {
  const ahead = answer.storedAt - now;
  if (ahead <= 0) return answer;
  const { freshUntil, staleUntil } = answer;
  return { ...answer, storedAt: now, freshUntil: freshUntil - ahead, staleUntil: staleUntil - ahead };
}
