import type { Chance } from "#infra/runtime/chance.ts";
import type { Choice, Choose } from "../../dispatch/choose.ts";
import { marginalUsd } from "../../dispatch/marginal-cost.ts";
import type { Lane } from "../../dispatch/pool.ts";
import type { Verdict } from "../../dispatch/verdicts.ts";
import { type ChoiceAsk, refusalOf } from "../../dispatch/weigh.ts";

/** Takes one of the lanes that may be used now; there is always at least one. */
export type Pick = (lanes: readonly Lane[], ask: ChoiceAsk, chance: Chance) => Lane;

/**
 * A baseline's choice: its own rule among the lanes that nobody may be denied. Who rests, is full, was tried or has
 * spent its budget is passed by for every policy alike, so that what is compared is the rule and not the guards around
 * it. Groups and weights are ours alone: a baseline sees all lanes as one set.
 */
export function choosing(pick: Pick): Choose {
  const usable: Lane[] = [];
  return (pool, ask, chance) => {
    usable.length = 0;
    for (const lane of pool.lanes) if (isUsable(lane, ask)) usable.push(lane);
    if (usable.length > 0) return taken(pick(usable, ask, chance), ask, "chosen");
    const last = leastResting(pool.lanes, ask);
    return last && taken(last, ask, "chosen in panic");
  };
}

function isUsable(lane: Lane, ask: ChoiceAsk): boolean {
  const refusal = refusalOf(lane, ask);
  // That who is not measured yet gets one request at a time is a rule of ours, not a bound that all share.
  if (refusal !== undefined && refusal !== "one at a time until measured") return false;
  if (ask.isSecond && !lane.standing.warmth.isAwake(ask.now)) return false;
  return isAffordable(lane, ask);
}

/** Everyone rests: the one that comes back first is asked all the same. */
function leastResting(lanes: readonly Lane[], ask: ChoiceAsk): Lane | undefined {
  let best: Lane | undefined;
  for (const lane of lanes) {
    const { standing } = lane;
    if (refusalOf(lane, ask) !== "resting after failures" || standing.breaker.fullUntil > ask.now) continue;
    if (standing.load(ask.now) > standing.terms.mostInFlight || !isAffordable(lane, ask)) continue;
    if (!best || standing.breaker.restsUntil < best.standing.breaker.restsUntil) best = lane;
  }
  return best;
}

function isAffordable({ standing, latency }: Lane, { now, bytes }: ChoiceAsk): boolean {
  const { usdPerHour, usdPerDay } = standing.terms.budget;
  if (usdPerHour === Number.POSITIVE_INFINITY && usdPerDay === Number.POSITIVE_INFINITY) return true;
  const load = standing.load(now);
  const ms = latency.predict(load, now);
  return standing.spending.has(marginalUsd(standing, { load, bytes, ms, now }), now);
}

/**
 * What is foreseen and what it costs come from the instruments that every policy shares: they time its hedges and keep
 * its books, and its rule knows nothing of them.
 */
function taken(lane: Lane, { now, bytes, deadlineAt }: ChoiceAsk, verdict: Verdict): Choice {
  const { standing, latency } = lane;
  const load = standing.load(now);
  const ms = latency.predict(load, now);
  const waitMs = standing.warmth.waitMs(now);
  const left = deadlineAt - now - waitMs;
  return {
    lane,
    load,
    predictedMs: ms + waitMs,
    costUsd: marginalUsd(standing, { load, bytes, ms, now }),
    missChance: left > 0 ? latency.tail.beyond(left / Math.max(0.1, ms)) : 1,
    verdict,
  };
}
