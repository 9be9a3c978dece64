import type { Choice } from "./choose.ts";
import type { Pool } from "./pool.ts";
import { caution } from "./waking.ts";

/** Late answers are forgotten after about so long. */
const lackMs = 300_000;

/** Who is late because of a start says nothing of how much will be lacking once that stands. */
export function countLack({ waking, terms }: Pool, choice: Choice | undefined, now: number): void {
  const { usdPerMiss, usdPerSecond } = terms.money;
  if (waking.lackAt > 0) waking.lackUsd *= Math.exp((waking.lackAt - now) / lackMs);
  waking.lackAt = now;
  waking.lackUsd += usdPerMiss * caution(waking);
  if (waking.isStarting) return;
  waking.lackUsd += usdPerMiss * (choice?.missChance ?? 1);
  if (choice) waking.lackUsd += (usdPerSecond * crowdingMs(choice, now)) / 1000;
}

/** What this request waits because others are there, beyond what is usual where many share a server. */
function crowdingMs({ lane, predictedMs }: Choice, now: number): number {
  const { warmth } = lane.standing;
  return Math.max(0, predictedMs - warmth.waitMs(now) - usualCrowd * lane.latency.predict(1, now));
}

const usualCrowd = 4;

/** Who has to wait in line may still be in time, but a larger crowd would not be: how bad that is, the price of time says. */
export function noteWaiting({ waking, terms }: Pool): void {
  const { usdPerMiss, usdPerSecond } = terms.money;
  if (waking.isStarting) return;
  waking.lackUsd += Math.min(usdPerMiss * crowded, usdPerSecond * crowdedS);
}

const crowded = 0.05;
const crowdedS = 2.5;

/** All that stands was woken just now, and nobody who still sleeps would stand sooner than what starts. */
export function isStarting({ lanes, sleepers }: Pool, now: number): boolean {
  let soonestMs = Number.POSITIVE_INFINITY;
  for (const { standing } of lanes) {
    const { warmth } = standing;
    if (warmth.isWaking(now)) soonestMs = Math.min(soonestMs, warmth.waitMs(now));
    else if (warmth.isAwake(now)) return false;
  }
  if (soonestMs === Number.POSITIVE_INFINITY) return false;
  return !sleepers.some(({ standing: { warmth } }) => !warmth.isWaking(now) && warmth.coldMs < soonestMs);
}
