import type { CacheWishes } from "#inference/image-api/cache-wishes.ts";
import { type CachedAnswer, freshness } from "./cached-answer.ts";

/** How a kept answer may be shown to this client, or undefined if not at all. */
export function suits(answer: CachedAnswer, wishes: CacheWishes, now: number): "fresh" | "stale" | undefined {
  const { noCache, maxAgeMs, maxStaleMs, minFreshMs } = wishes;
  const state = freshness(answer, now);
  if (noCache || state === "gone") return undefined;
  if (maxAgeMs !== undefined && now - answer.storedAt > maxAgeMs + (maxStaleMs ?? 0)) return undefined;
  if (minFreshMs !== undefined && (state === "stale" || answer.freshUntil - now < minFreshMs))
    return undefined;
  if (state === "fresh") return "fresh";
  if (maxStaleMs !== undefined) return now - answer.freshUntil <= maxStaleMs ? "stale" : undefined;
  // Who names an age and says nothing of stale answers wants none.
  return maxAgeMs === undefined ? "stale" : undefined;
}
