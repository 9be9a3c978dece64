import type { Choice } from "./choose.ts";
import { longerLifeUsd, newInstanceUsd } from "./marginal-cost.ts";
import type { Lane, Pool } from "./pool.ts";
import { verdictCode } from "./verdicts.ts";
import { caution, type Waking } from "./waking.ts";
import { type ChoiceAsk, weigh } from "./weigh.ts";

/** So many requests at once, which only wake: as many instances as they fill are there afterwards. */
export type Woken = { readonly lane: Lane; readonly requests: number };

/**
 * A new instance is worth it when late answers have cost this part of its price. Who waits until they have cost all of it
 * pays at most twice what one would who knew the future; but bursts come again, and the first answers to be late are told
 * of all that would be.
 */
const worth = 0.12;

/** Late answers are forgotten after about so long, what a lane has saved a good deal later. */
const lackMs = 300_000;
const creditMs = 1_800_000;

const betweenLooksMs = 250;

/** So much of its idle time passes before an instance that nobody has used is looked at. */
const nearlyAsleep = 0.8;

/** Told of each choice; answers whom to wake in the background, while what is awake bridges the time. */
export function considerWaking(pool: Pool, choice: Choice | undefined, ask: ChoiceAsk): Woken | undefined {
  const { now } = ask;
  const { waking, terms, sleepers } = pool;
  if (sleepers.length === 0) return undefined;
  if (waking.lackAt > 0) waking.lackUsd *= Math.exp((waking.lackAt - now) / lackMs);
  waking.lackAt = now;
  waking.lackUsd += terms.money.usdPerMiss * ((choice?.missChance ?? 1) + caution(waking));
  if (choice) waking.lackUsd += (terms.money.usdPerSecond * crowdingMs(choice, now)) / 1000;
  if (choice?.lane.standing.warmth.sleeps) earn(pool, choice, ask);
  if (now - waking.lookedAt < betweenLooksMs) return undefined;
  waking.lookedAt = now;
  return keepOne(pool, now) ?? wakeOne(pool, now);
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
  waking.lackUsd += Math.min(usdPerMiss * crowded, usdPerSecond * crowdedS);
}

const crowded = 0.05;
const crowdedS = 2.5;

/** What the lane has saved: the next best one would have cost so much more. */
function earn(pool: Pool, { lane }: Choice, ask: ChoiceAsk): void {
  const { waking, scratch, lanes } = pool;
  const own = scratch.score[lane.place] ?? 0;
  let next = Number.POSITIVE_INFINITY;
  for (const other of lanes) {
    const { place } = other;
    if (other === lane) continue;
    if (scratch.verdict[place] === verdictCode["in a later group"]) {
      weigh(pool, other, ask, Number.POSITIVE_INFINITY);
      scratch.verdict[place] = verdictCode["in a later group"];
    }
    next = Math.min(next, scratch.score[place] ?? next);
  }
  const saved = next === Number.POSITIVE_INFINITY ? 0 : Math.max(0, next - own);
  waking.creditUsd[lane.place] = creditOf(waking, lane, ask.now) + saved;
  waking.creditAt[lane.place] = ask.now;
}

function creditOf({ creditUsd, creditAt }: Waking, { place }: Lane, now: number): number {
  return (creditUsd[place] ?? 0) * Math.exp(((creditAt[place] ?? now) - now) / creditMs);
}

/** Instances that stand for nothing are kept where they have saved as much as they cost, or cost less than one late answer. */
function keepOne({ sleepers, waking, terms }: Pool, now: number): Woken | undefined {
  for (const lane of sleepers) {
    const { warmth, terms: of } = lane.standing;
    if (lane.isBarred || !warmth.isAwake(now) || now - warmth.mostAt < nearlyAsleep * of.idleMs) continue;
    const most = warmth.most(now);
    const usd = (longerLifeUsd(lane.standing) * most) / of.perInstance;
    if (terms.money.usdPerMiss + creditOf(waking, lane, now) < usd) continue;
    if (!lane.standing.spending.has(usd, now)) continue;
    lane.standing.spending.settle(0, usd, now);
    warmth.counted(now);
    return { lane, requests: most };
  }
  return undefined;
}

function wakeOne(pool: Pool, now: number): Woken | undefined {
  const { waking } = pool;
  const lane = findCheapest(pool, now);
  if (!lane) return undefined;
  const { standing } = lane;
  const { perInstance, mostInFlight } = standing.terms;
  const each = newInstanceUsd(standing);
  const stands = standing.warmth.isAwake(now) ? standing.warmth.most(now) : 0;
  const wanted = Math.floor(waking.lackUsd / (worth * each));
  let instances = Math.min(wanted, Math.floor((mostInFlight - stands) / perInstance));
  while (instances > 0 && !standing.spending.has(each * instances, now)) instances -= 1;
  if (instances < 1) return undefined;
  waking.lackUsd -= worth * each * instances;
  standing.spending.settle(0, each * instances, now);
  standing.warmth.expect(now);
  return { lane, requests: stands + instances * perInstance };
}

/** Of those whose instances would be in time once they stand, the one whose next instance costs least. */
function findCheapest({ sleepers, terms }: Pool, now: number): Lane | undefined {
  let found: Lane | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const lane of sleepers) {
    const { standing, latency } = lane;
    const { warmth, breaker, terms: of } = standing;
    const usd = newInstanceUsd(standing) / of.perInstance;
    if (lane.isBarred || usd >= least || breaker.most(now) === 0 || warmth.isWaking(now)) continue;
    if (warmth.isAwake(now) && warmth.most(now) + of.perInstance > of.mostInFlight) continue;
    if (latency.isMeasured && latency.tail.beyond(terms.sloMs / latency.predict(1, now)) > 0.5) continue;
    if (!standing.spending.has(newInstanceUsd(standing), now)) continue;
    [found, least] = [lane, usd];
  }
  return found;
}
