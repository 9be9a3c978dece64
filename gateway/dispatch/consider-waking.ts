import type { Choice } from "./choose.ts";
import { countLack, isStarting } from "./count-lack.ts";
import { longerLifeUsd, newInstanceUsd } from "./marginal-cost.ts";
import type { Lane, Pool } from "./pool.ts";
import { verdictCode } from "./verdicts.ts";
import type { Waking } from "./waking.ts";
import { type ChoiceAsk, weigh } from "./weigh.ts";

/**
 * So many requests at once, which only wake: as many instances as they fill are there afterwards. The dollars are what was
 * settled for them, and so what a ledger has to show.
 */
export type Woken = { readonly lane: Lane; readonly requests: number; readonly usd: number };

/**
 * A new instance is worth it when late answers have cost this part of its price. Who waits until they have cost all of it
 * pays at most twice what one would who knew the future; but bursts come again, and the first answers to be late are told
 * of all that would be.
 */
const worth = 0.12;

/** What a lane has saved is forgotten after about so long, a good deal later than what is lacking. */
const creditMs = 1_800_000;

const betweenLooksMs = 250;

/** So much of its idle time passes before an instance that nobody has used is looked at. */
const nearlyAsleep = 0.8;

/** Told of each choice; answers whom to wake in the background, while what is awake bridges the time. */
export function considerWaking(pool: Pool, choice: Choice | undefined, ask: ChoiceAsk): Woken | undefined {
  const { now } = ask;
  const { waking, sleepers } = pool;
  if (sleepers.length === 0) return undefined;
  const isDue = now - waking.lookedAt >= betweenLooksMs;
  if (isDue) waking.isStarting = isStarting(pool, now);
  countLack(pool, choice, now);
  if (choice?.lane.standing.warmth.sleeps) earn(pool, choice, ask);
  if (!isDue) return undefined;
  waking.lookedAt = now;
  return keepOne(pool, now) ?? wakeOne(pool, now);
}

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
    return { lane, requests: most, usd };
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
  const usd = each * instances;
  waking.lackUsd -= worth * usd;
  standing.spending.settle(0, usd, now);
  standing.warmth.expect(now);
  waking.isStarting = isStarting(pool, now);
  return { lane, requests: stands + instances * perInstance, usd };
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
