import type { Choice } from "./choose.ts";
import type { Pool } from "./pool.ts";
import { verdictCode } from "./verdicts.ts";

/** In line for whoever has room next; or aside, where those pass who can still be in time. */
export type HowToWait = "in line" | "aside";

export type WaitAsk = {
  readonly pool: Pool;
  readonly now: number;
  readonly startedAt: number;
  readonly deadlineAt: number;
};

/** Rather than take a risk of this size, a request waits a while for those that are only full. */
const risky = 0.05;

/** Of its time so much at most, since the way there takes some too. */
const mostOfTime = 0.8;

/** Who would be late wherever it goes, only because so many are there, stands aside for this many times its time. */
const patience = 3;

/**
 * Whether a request that was given this choice does better to wait, or does others good by it. In a crowd that nobody can
 * serve in time, each request that goes on late makes the next one late; one that stands aside costs a miss once.
 */
export function howToWait(choice: Choice | undefined, ask: WaitAsk): HowToWait | undefined {
  const { pool, now, startedAt, deadlineAt } = ask;
  const allowedMs = deadlineAt - startedAt;
  const waitedMs = now - startedAt;
  const coldMs = choice?.lane.standing.warmth.waitMs(now) ?? 0;
  const mostMs = choice ? Math.max(mostOfTime * allowedMs, coldMs > allowedMs ? coldMs / 2 : 0) : allowedMs;
  const isRisky = !choice || choice.missChance > risky;
  if (isRisky && waitedMs < mostMs && isRoomComing(pool, now)) return "in line";
  if (!choice || coldMs > allowedMs || waitedMs >= patience * allowedMs) return undefined;
  return isCrowded(choice, now, allowedMs) ? "aside" : undefined;
}

/** Somebody is only full for as long as others' answers take. */
function isRoomComing({ lanes, scratch }: Pool, now: number): boolean {
  return lanes.some(({ place, standing }) => {
    const { warmth, breaker } = standing;
    if (scratch.verdict[place] !== verdictCode.full || breaker.fullUntil > now) return false;
    return warmth.isAwake(now) || warmth.isWaking(now);
  });
}

/** With as much time as it had at first it would be late here too, but not if it were alone. */
function isCrowded({ lane, predictedMs, load }: Choice, now: number, allowedMs: number): boolean {
  if (load === 1 || lane.standing.inFlight === 0) return false;
  const { latency } = lane;
  if (latency.tail.beyond(allowedMs / Math.max(0.1, predictedMs)) < 0.5) return false;
  return latency.tail.beyond(allowedMs / Math.max(0.1, latency.predict(1, now))) < 0.1;
}
