import { softLimits } from "#infra/runtime/soft-state/soft-limits.ts";
import type { Rate } from "#infra/runtime/soft-state/soft-state.ts";

/**
 * A rate that the soft state takes: a period that is too long lets less in within the longest one, and a burst is no more
 * than comes back within that. Something is always let in.
 */
export function fitRate(rate: Rate): Rate {
  const { ttlMs } = softLimits;
  const tooLong = Math.max(1, rate.periodMs / ttlMs);
  const most = tooLong > 1 ? Math.max(1, Math.floor(rate.most / tooLong)) : rate.most;
  const periodMs = Math.min(rate.periodMs, ttlMs);
  const isTooWide = rate.burst * periodMs > most * ttlMs;
  const burst = isTooWide ? Math.floor((most * ttlMs) / periodMs) : rate.burst;
  return { ...rate, most, periodMs, burst };
}
