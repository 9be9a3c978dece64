import { queueOf } from "#gateway/operations/scale/capacity-of.ts";
import { overflowShare } from "#gateway/operations/scale/queue.ts";
import type { Arrivals } from "#gateway/replay/traces/arrivals.ts";
import type { Scaler } from "./play.ts";
import type { Given } from "./sites.ts";

const stepMs = 15_000;
const fineMs = 5_000;

/**
 * Knows every request that comes, and so has each instance of the cheapest place that stands ordered just so long
 * before it is worth it as it takes to start. What is too much goes where it scales to zero. The counts are the best
 * there are of all courses (by dynamic programming over steps of 15 s), as far as a queue's mean tells.
 */
export function oracle(given: Given, arrivals: Arrivals, spanMs: number): Scaler {
  const [site] = given.sites;
  const { terms, limits } = site?.declared ?? {};
  if (!terms || !limits) throw new RangeError("there is a place that stands");
  const rates = ratesOf(arrivals, spanMs);
  const usdPerSpilled = Math.min(...given.sites.map(usdPerRequest));
  const spills = spillsOf(given, rates, Math.min(limits.most, mostCounted));
  const running = cheapestCourse(
    spills.map((counts) => counts.map((requests) => requests * usdPerSpilled)),
    {
      usdPerStep: (terms.usdPerSecond * stepMs) / 1_000,
      usdPerStart: (terms.usdPerSecond * terms.coldMs) / 1_000,
    },
  );
  const aheadSteps = Math.ceil((terms.coldMs * 1.2) / stepMs);
  const countAt = (now: number): number => {
    const step = Math.floor(now / stepMs);
    return Math.max(0, ...running.slice(step, step + aheadSteps + 1));
  };
  return { first: [{ count: countAt(0) }], ask: ({ now }) => [{ count: countAt(now) }] };
}

const mostCounted = 40;

function usdPerRequest({ declared, ms }: Given["sites"][number]): number {
  const { billing, usdPerRequest: each, usdPerSecond } = declared.terms;
  return billing === "request" ? each + (usdPerSecond * ms) / 1_000 : Number.POSITIVE_INFINITY;
}

function ratesOf(arrivals: Arrivals, spanMs: number): Float64Array {
  const rates = new Float64Array(Math.ceil(spanMs / fineMs));
  for (const at of arrivals.atMs) {
    const step = Math.floor(at / fineMs);
    rates[step] = (rates[step] ?? 0) + 1_000 / fineMs;
  }
  return rates;
}

/** Of each step of 15 s, for each count, the requests that go elsewhere. */
function spillsOf(given: Given, rates: Float64Array, most: number): readonly (readonly number[])[] {
  const [site] = given.sites;
  const capacity = site?.declared.capacity;
  if (!capacity) throw new RangeError("the first place says how fast it is");
  const queues = Array.from({ length: most + 1 }, (_, count) => queueOf(capacity, count, given.promised));
  const fine = stepMs / fineMs;
  return Array.from({ length: Math.ceil(rates.length / fine) }, (_, step) =>
    queues.map((queue) =>
      rates
        .subarray(step * fine, (step + 1) * fine)
        .reduce((sum, rps) => sum + (rps * overflowShare(rps, queue) * fineMs) / 1_000, 0),
    ),
  );
}

type Prices = { readonly usdPerStep: number; readonly usdPerStart: number };

/** Of all courses of counts the one whose spills, instances and starts cost least. */
function cheapestCourse(spillUsd: readonly (readonly number[])[], prices: Prices): readonly number[] {
  const counts = spillUsd[0]?.length ?? 1;
  let usd = Array.from({ length: counts }, (_, count) => count * prices.usdPerStart);
  const cameFrom: number[][] = [];
  for (const spilled of spillUsd) {
    const from = usd.map((_, count) => cheapestBefore(usd, count, prices.usdPerStart));
    cameFrom.push(from);
    usd = from.map(
      (before, count) =>
        (usd[before] ?? 0) +
        Math.max(0, count - before) * prices.usdPerStart +
        count * prices.usdPerStep +
        (spilled[count] ?? 0),
    );
  }
  let count = usd.indexOf(Math.min(...usd));
  const course: number[] = [];
  for (const from of cameFrom.reverse()) {
    course.push(count);
    count = from[count] ?? 0;
  }
  return course.reverse();
}

function cheapestBefore(usd: readonly number[], count: number, usdPerStart: number): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (const [before, spent] of usd.entries()) {
    const cost = spent + Math.max(0, count - before) * usdPerStart;
    if (cost < least) [best, least] = [before, cost];
  }
  return best;
}
