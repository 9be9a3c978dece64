import type { Chance } from "#infra/runtime/chance.ts";
import type { Lane, Pool } from "./pool.ts";
import { renewShortList, takeShortList } from "./short-list.ts";
import { type Verdict, verdictCode } from "./verdicts.ts";
import { asGoodAs, type ChoiceAsk, refusalOf, weigh } from "./weigh.ts";

export type Choice = {
  readonly lane: Lane;
  /** Requests there, with this one. */
  readonly load: number;
  readonly predictedMs: number;
  readonly costUsd: number;
  /** How likely its answer comes after the deadline. */
  readonly missChance: number;
  readonly verdict: Verdict;
};

/** How a policy looks to those who carry out what it chooses: ours, and in the replay lab those it is held against. */
export type Choose = (pool: Pool, ask: ChoiceAsk, chance: Chance) => Choice | undefined;

/** Whoever is likelier than this to be late is not enough for a group to be the only one. */
const late = 0.1;

/** A group shares with the next when less than this part of it is up. */
const enoughOfGroup = 1 / 1.4;

/**
 * The lane where this request costs least. Groups come in their declared order: the next is looked at when nobody in this
 * one is likely to be in time, or when too many of it rest.
 */
export const choose: Choose = (pool, ask, chance) => {
  const best = findBest(pool, ask);
  if (!best) return choosePanicking(pool, ask);
  if (!ask.isSecond) {
    const canary = findCanary(pool, ask, chance);
    if (canary) return take(pool, canary, ask, "chosen as canary");
  }
  const lane =
    best.weight === undefined ? pickAsGood(pool, best, ask, chance) : pickByWeight(pool, best, chance);
  return take(pool, lane, ask, "chosen");
};

function findBest(pool: Pool, ask: ChoiceAsk): Lane | undefined {
  const few = takeShortList(pool, ask.now);
  const found = few && bestOf(few, undefined, pool, ask);
  return found && !isLate(found, pool) ? found : findBestOfAll(pool, ask);
}

function findBestOfAll(pool: Pool, ask: ChoiceAsk): Lane | undefined {
  const { groups, scratch } = pool;
  let best: Lane | undefined;
  for (const group of groups) {
    best = bestOf(group, best, pool, ask);
    if (!best || isLate(best, pool) || isWeak(group, pool)) continue;
    if (group === groups[0]) renewShortList(pool, ask.now);
    scratch.verdict.fill(verdictCode["in a later group"], (group.at(-1)?.place ?? 0) + 1);
    return best;
  }
  return best;
}

function isLate({ place }: Lane, { scratch }: Pool): boolean {
  return (scratch.missChance[place] ?? 1) > late;
}

function bestOf(
  group: readonly Lane[],
  before: Lane | undefined,
  pool: Pool,
  ask: ChoiceAsk,
): Lane | undefined {
  let best = before;
  let least = before ? (pool.scratch.score[before.place] ?? 0) : Number.POSITIVE_INFINITY;
  for (const lane of group) {
    // Where shares are declared the dearer ones have theirs too.
    const score = weigh(pool, lane, ask, lane.weight === undefined ? least : Number.POSITIVE_INFINITY);
    if (score === undefined || score >= least) continue;
    best = lane;
    least = score;
  }
  return best;
}

const rests = verdictCode["resting after failures"];
const lost = verdictCode["lost on score"];

function isWeak(group: readonly Lane[], { scratch }: Pool): boolean {
  const from = group[0]?.place ?? 0;
  let resting = 0;
  for (let place = from; place < from + group.length; place += 1)
    if (scratch.verdict[place] === rests) resting += 1;
  return resting > 0 && group.length - resting < group.length * enoughOfGroup;
}

/** Everyone rests or is full: who comes back first is asked all the same, unless it said when to come again. */
function choosePanicking(pool: Pool, ask: ChoiceAsk): Choice | undefined {
  let best: Lane | undefined;
  for (const lane of pool.lanes) {
    if (!mayPanicTo(pool, lane, ask)) continue;
    if (!best || rank(lane, ask.now) < rank(best, ask.now)) best = lane;
  }
  return best && take(pool, best, ask, "chosen in panic");
}

function mayPanicTo({ scratch }: Pool, lane: Lane, ask: ChoiceAsk): boolean {
  const { standing, place } = lane;
  const refusal = refusalOf(lane, ask);
  // Full by its breaker's word alone, which lets one try it out, is no reason when nobody else is there.
  const isBreakers = refusal === "full" && standing.breaker.most(ask.now) > 0;
  if (!isBreakers && refusal !== "resting after failures" && refusal !== "one at a time until measured")
    return false;
  if (standing.load(ask.now) > standing.terms.mostInFlight) return false;
  if (standing.breaker.fullUntil > ask.now) return false;
  return standing.spending.has(scratch.costUsd[place] ?? 0, ask.now);
}

/**
 * Those that only wait to be measured come before those that failed, and of these who rests the least. Who is tried out
 * with a share comes behind all that are not, or it would have half of a crowd.
 */
function rank({ standing, canary }: Lane, now: number): number {
  const { breaker, inFlight } = standing;
  const isDistrusted = breaker.most(now) <= inFlight;
  const rest = isDistrusted ? failedBefore + Math.max(0, breaker.restsUntil - now) : 0;
  return inFlight + rest + (canary > 0 ? triedOut : 0);
}

const triedOut = 1e5;
const failedBefore = 1e6;

function findCanary(pool: Pool, ask: ChoiceAsk, chance: Chance): Lane | undefined {
  const { canary } = pool;
  if (!canary || chance.number() >= canary.canary) return undefined;
  return weigh(pool, canary, ask, Number.POSITIVE_INFINITY) === undefined ? undefined : canary;
}

/** Chance decides among those that are as good as the best, so that gateways that see the same do not all run there. */
function pickAsGood(pool: Pool, best: Lane, ask: ChoiceAsk, chance: Chance): Lane {
  const { lanes, scratch, terms } = pool;
  const bound = asGoodAs(scratch.score[best.place] ?? 0, ask.money ?? terms.money);
  let [found, count] = [best, 1];
  // By numbers, since no lane has to be looked at for that.
  for (let place = 0; place < lanes.length; place += 1) {
    if (scratch.verdict[place] !== lost || (scratch.score[place] ?? 0) > bound || place === best.place)
      continue;
    count += 1;
    if (chance.number() * count < 1) found = lanes[place] ?? found;
  }
  return found;
}

/** Declared shares win over price among those of a group that will be in time. */
function pickByWeight({ lanes, scratch }: Pool, best: Lane, chance: Chance): Lane {
  let [found, sum] = [best, 0];
  for (const lane of lanes) {
    if (lane.group !== best.group || !lane.weight) continue;
    if (scratch.verdict[lane.place] !== verdictCode["lost on score"]) continue;
    if (lane !== best && (scratch.missChance[lane.place] ?? 1) > late) continue;
    sum += lane.weight;
    if (chance.number() * sum < lane.weight) found = lane;
  }
  return found;
}

function take({ scratch }: Pool, lane: Lane, { now }: ChoiceAsk, verdict: Verdict): Choice {
  const { place, standing } = lane;
  scratch.verdict[place] = verdictCode[verdict];
  return {
    lane,
    load: standing.load(now),
    predictedMs: scratch.predictedMs[place] ?? 0,
    costUsd: scratch.costUsd[place] ?? 0,
    missChance: scratch.missChance[place] ?? 1,
    verdict,
  };
}
