import { marginalUsd } from "./marginal-cost.ts";
import type { Lane, Pool } from "./pool.ts";
import type { Standing } from "./standing.ts";
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

/**
 * Scores up to this are as good as the best: within two in a hundred, or within a moment's wait, which is less than anybody
 * knows. Otherwise whoever was once measured a little slower than its equals would never be measured again.
 */
export function asGoodAs(best: number, { usdPerSecond }: Money): number {
  return best * 1.02 + usdPerSecond * momentS;
}

const momentS = 0.002;

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
  const mostLongerUsd = money.usdPerMiss * firstOfMany;
  const costUsd = marginalUsd(standing, { load, bytes, ms: ownMs, now, mostLongerUsd });
  scratch.predictedMs[place] = ownMs + waitMs;
  scratch.costUsd[place] = costUsd;
  scratch.missChance[place] = 1;
  const refusal = refusalAt(load, lane, ask) ?? refusalByBudget(standing, costUsd, now);
  if (refusal) {
    scratch.verdict[place] = verdictCode[refusal];
    scratch.score[place] = Number.POSITIVE_INFINITY;
    return undefined;
  }
  const sure = costUsd + (money.usdPerSecond * (ownMs + waitMs)) / 1000;
  if (sure > asGoodAs(best, money)) {
    scratch.verdict[place] = dearer;
    scratch.score[place] = sure;
    return sure;
  }
  const leftMs = ask.deadlineAt - now - waitMs;
  const missChance = leftMs <= 0 ? 1 : latency.tail.beyond(leftMs / Math.max(0.1, ownMs));
  const score = sure + money.usdPerMiss * missChance;
  scratch.verdict[place] = lost;
  scratch.missChance[place] = missChance;
  scratch.score[place] = score;
  return score;
}

/** Looked up once: every lane of every choice gets one of these two, or is refused. */
const dearer = verdictCode["dearer than the best could be"];
const lost = verdictCode["lost on score"];

/** Why a lane may not be used now, whatever it would cost. */
export function refusalOf(lane: Lane, ask: ChoiceAsk): Verdict | undefined {
  return refusalAt(lane.standing.load(ask.now), lane, ask);
}

/** With so many requests there. */
function refusalAt(load: number, lane: Lane, { now, tried, able }: ChoiceAsk): Verdict | undefined {
  const { standing, latency } = lane;
  if (tried.length > 0 && tried.includes(lane)) return "tried already";
  if (able && !able(lane)) return "does not have the model";
  if (lane.isBarred) return "answers otherwise than its peers";
  const most = standing.breaker.most(now);
  if (most <= standing.inFlight) return standing.breaker.isResting(now) ? "resting after failures" : "full";
  if (load > standing.terms.mostInFlight) return "full";
  if (standing.inFlight === 0) return undefined;
  const isUnknown = !latency.isMeasured || latency.isDoubted(now);
  return isUnknown ? "one at a time until measured" : undefined;
}

function refusalByBudget({ spending }: Standing, usd: number, now: number): Verdict | undefined {
  return spending.has(usd, now) ? undefined : "over its budget";
}
