import { marginalUsd } from "./marginal-cost.ts";
import type { Lane, Pool } from "./pool.ts";
import type { Money } from "./terms.ts";
import { type Verdict, verdictCode } from "./verdicts.ts";

/** What a choice is made for. Times are milliseconds of one clock that never runs backwards, with 1970 as its zero. */
export type ChoiceAsk = {
  readonly now: number;
  readonly deadlineAt: number;
  /** Of the image as it will be sent. */
  readonly bytes: number;
  /** What its caller wants, where that is not what the route does. */
  readonly money?: Money | undefined;
  /** Lanes where this request is or was. */
  readonly tried: readonly Lane[];
  /** Whether a lane has what is asked for at all, where that is known. */
  readonly able?: ((lane: Lane) => boolean) | undefined;
  /** Nobody is tried out with a second copy. */
  readonly isSecond?: boolean;
};

/** Of what a miss costs, for waking up what stands idle. */
const firstOfMany = 0.2;

/** Scores within this of the best are as good. */
export const asGood = 1.02;

/**
 * What a request would cost in this lane, in dollars: the marginal price, the wait, and what a miss costs times how likely
 * one is. All of it is left in the pool's scratch memory. Undefined where the lane may not be used now; and once the first
 * two are more than the best lane costs, the third is not looked at.
 */
export function weigh(
  { terms, scratch }: Pool,
  lane: Lane,
  ask: ChoiceAsk,
  best: number,
): number | undefined {
  const { place, standing, latency } = lane;
  const { now, bytes, money = terms.money } = ask;
  const load = standing.load(now);
  const waitMs = standing.warmth.waitMs(now);
  const ownMs = latency.predict(load, now);
  const costUsd = marginalUsd(standing, {
    load,
    bytes,
    ms: ownMs,
    now,
    mostLongerUsd: money.usdPerMiss * firstOfMany,
  });
  scratch.predictedMs[place] = ownMs + waitMs;
  scratch.costUsd[place] = costUsd;
  scratch.missChance[place] = 1;
  scratch.score[place] = Number.POSITIVE_INFINITY;
  const refusal =
    refusalOf(lane, ask) ?? (standing.spending.has(costUsd, now) ? undefined : "over its budget");
  scratch.verdict[place] = verdictCode[refusal ?? "lost on score"];
  if (refusal) return undefined;
  const sure = costUsd + (money.usdPerSecond * (ownMs + waitMs)) / 1000;
  scratch.score[place] = sure;
  if (sure > best * asGood) {
    scratch.verdict[place] = verdictCode["dearer than the best could be"];
    return sure;
  }
  const missChance = missChanceOf(lane, { ownMs, leftMs: ask.deadlineAt - now - waitMs });
  const score = sure + money.usdPerMiss * missChance;
  scratch.missChance[place] = missChance;
  scratch.score[place] = score;
  return score;
}

/** Why a lane may not be used now, whatever it would cost. */
export function refusalOf(lane: Lane, { now, tried, able }: ChoiceAsk): Verdict | undefined {
  const { standing, latency } = lane;
  if (tried.includes(lane)) return "tried already";
  if (able && !able(lane)) return "does not have the model";
  if (lane.isBarred) return "answers otherwise than its peers";
  const most = standing.breaker.most(now);
  if (most <= standing.inFlight) return standing.breaker.isResting(now) ? "resting after failures" : "full";
  if (standing.load(now) > standing.terms.mostInFlight) return "full";
  const isUnknown = !latency.isMeasured || latency.isDoubted(now);
  return isUnknown && standing.inFlight > 0 ? "one at a time until measured" : undefined;
}

type Left = { readonly ownMs: number; readonly leftMs: number };

function missChanceOf({ latency }: Lane, { ownMs, leftMs }: Left): number {
  return leftMs <= 0 ? 1 : latency.tail.beyond(leftMs / Math.max(0.1, ownMs));
}
