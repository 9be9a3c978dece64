import { type Capacity, queueOf } from "./capacity-of.ts";
import { type Courses, coursesOf } from "./courses.ts";
import { overflowShare } from "./queue.ts";
import type { ScaleFacts, ScalePlace } from "./scale-facts.ts";

/** A place of which one knows what it carries. */
export type Offer = {
  readonly place: ScalePlace;
  readonly capacity: Capacity;
  /**
   *   stands    so many are there and paid for, whatever comes
   *   springs   it comes and goes with the requests, above a least
   */
  readonly role: "stands" | "springs";
  /** Between which its number may be chosen: the count of what stands, the least of what springs. */
  readonly from: number;
  readonly to: number;
  /** Instances that it has at most, whoever starts them. */
  readonly most: number;
};

/** A number for each offer, in their order. */
export type Choice = readonly number[];

/** What would be missed of the forecast's high from the moment on in which something is lost. */
export type Loss = { readonly what: string; readonly missedShare: number };

/** What a choice is expected to cost and to keep. */
export type Worth = {
  readonly standingUsdPerHour: number;
  readonly variableUsdPerHour: number;
  /** Of the course that costs most. */
  readonly mostUsdPerHour: number;
  /** Of each offer, the most instances that it may have: fewer than its own where the budget asks for it. */
  readonly mosts: Choice;
  readonly missedShare: number;
  readonly worstLoss: Loss | undefined;
  /** Less is better: dollars an hour, and far more for what is not kept. */
  readonly score: number;
};

/** The facts, made ready to be asked what many choices are worth. */
export type Market = {
  readonly facts: ScaleFacts;
  readonly offers: readonly Offer[];
  readonly courses: Courses;
  /** Of each level of demand, the requests a second that overflow what stands. */
  readonly overflow: (counts: Choice) => Float64Array;
  /** What was weighed already. */
  readonly weighed: Map<string, Worth>;
};

export function openMarket(facts: ScaleFacts): Market {
  const courses = coursesOf(facts.forecast, aheadOf(facts));
  const offers = facts.places.flatMap((place) => offerOf(place, facts, courses) ?? []);
  const known = new Map<string, Float64Array>();
  const overflow = (counts: Choice): Float64Array => {
    const pool = poolOf(offers, counts);
    const key = `${pool.slots} ${pool.serviceMs}`;
    const found = known.get(key) ?? overflowOf(pool, facts, courses.levels);
    known.set(key, found);
    return found;
  };
  return { facts, offers, courses, overflow, weighed: new Map() };
}

/** Until what is ordered now has started, has cooled down, and may go again. */
function aheadOf({ places }: ScaleFacts): number {
  const ends = places.map(({ scale, limits, terms }) =>
    scale === "count" && limits ? terms.coldMs + limits.coolDownMs : 0,
  );
  return Math.max(leastAheadMs, ...ends);
}

const leastAheadMs = 120_000;

/** Requests a second of one that is busy all the time. */
export function fullRps({ slots, serviceMs }: Capacity): number {
  return (slots * 1_000) / serviceMs;
}

/** Instances that a place may have now: what was refused lately is not asked for again. */
export function mostNow({ limits, refusals, standing }: ScalePlace, now: number): number {
  const most = limits?.most ?? standing.bounds?.most ?? standing.desired;
  const refused = refusals.filter(({ until }) => now < until).map(({ atCount }) => atCount - 1);
  return Math.max(0, Math.min(most, ...refused));
}

function offerOf(place: ScalePlace, facts: ScaleFacts, courses: Courses): Offer | undefined {
  const { capacity, limits, scale, standing, terms } = place;
  if (!capacity || capacity.serviceMs * 1.5 > facts.sloMs) return undefined;
  const stands = scale === "count" || (scale === "none" && terms.billing === "provisioned");
  const most = mostNow(place, facts.now);
  const of = { place, capacity, role: stands ? "stands" : "springs", most } as const;
  if (!limits || scale === "none") {
    const fixed = stands ? standing.desired : (standing.bounds?.least ?? 0);
    return { ...of, most: Math.max(most, fixed), from: fixed, to: fixed };
  }
  const least = Math.min(limits.least, most);
  const wanted = Math.ceil(courses.peak / fullRps(capacity) / mostBusy) + 1;
  const stood = Math.max(standing.desired, standing.bounds?.least ?? 0);
  return { ...of, from: least, to: Math.max(least, Math.min(most, Math.max(wanted, stood))) };
}

/** Nobody plans for less than this share of an instance at the peak. */
const mostBusy = 0.6;

/** What stands is one pool: whoever is free takes the next. */
function poolOf(offers: readonly Offer[], counts: Choice): Capacity {
  let [slots, rps] = [0, 0];
  for (const [place, { capacity, role }] of offers.entries()) {
    if (role !== "stands") continue;
    slots += (counts[place] ?? 0) * capacity.slots;
    rps += (counts[place] ?? 0) * fullRps(capacity);
  }
  return { slots, serviceMs: rps > 0 ? (slots * 1_000) / rps : 1, from: "declared" };
}

/** In the mean over what a step's rate may be in its parts. */
function overflowOf(pool: Capacity, facts: ScaleFacts, levels: Float64Array): Float64Array {
  const queue = queueOf(pool, 1, facts);
  const parts = partsOf(facts.forecast.roughness);
  return levels.map((rps) => {
    const share =
      parts.reduce((sum, part) => sum + part * overflowShare(part * rps, queue), 0) / parts.length;
    return share < hardlyAny ? 0 : rps * share;
  });
}

/** Equally likely parts of a lognormal law of mean 1, with such a deviation. */
function partsOf(deviation: number): readonly number[] {
  const sigma = Math.sqrt(Math.log(1 + deviation * deviation));
  const drawn = middles.map((normal) => Math.exp(sigma * normal));
  const mean = drawn.reduce((sum, part) => sum + part, 0) / drawn.length;
  return drawn.map((part) => part / mean);
}

/** Of the seven equal parts of a normal law. */
const middles = [-1.465, -0.792, -0.366, 0, 0.366, 0.792, 1.465];

/** What makes no difference to anything that is promised. */
const hardlyAny = 2e-4;
