import { queueOf } from "./capacity-of.ts";
import type { Choice, Market, Offer, Worth } from "./market.ts";
import { createSpring, type Spring } from "./spring.ts";

export type Runs = Omit<Worth, "score" | "worstLoss">;

/** Lets every course run once over the choice, with so many of what springs at most. */
export function runCourses(market: Market, choice: Choice, mosts: Choice): Runs {
  const { courses } = market;
  const standing = standingUsdPerHour(market, choice);
  const sum = { missed: 0, came: 0, usd: 0, most: 0 };
  for (const path of courses.paths) {
    const ran = runCourse(market, { choice, mosts }, path);
    sum.missed += ran.missed;
    sum.came += ran.came;
    sum.usd += ran.usd;
    sum.most = Math.max(sum.most, ran.usd);
  }
  const hours = (courses.stepSeconds * (courses.paths[0]?.length ?? 1)) / 3_600;
  return {
    standingUsdPerHour: standing,
    variableUsdPerHour: courses.paths.length === 0 ? 0 : sum.usd / courses.paths.length / hours,
    mostUsdPerHour: standing + sum.most / hours,
    missedShare: sum.came > 0 ? sum.missed / sum.came : 0,
    mosts,
  };
}

/** What waits warm is charged like what works: few clouds say what they charge for waiting. */
export function standingUsdPerHour({ offers }: Market, choice: Choice): number {
  return offers.reduce((sum, { place, role }, index) => {
    const isPaid = role === "stands" ? place.terms.billing !== "request" : true;
    return isPaid ? sum + (choice[index] ?? 0) * place.terms.usdPerSecond * 3_600 : sum;
  }, 0);
}

type Ran = { missed: number; came: number; usd: number };

type Held = { readonly choice: Choice; readonly mosts: Choice };

function runCourse(market: Market, { choice, mosts }: Held, path: Uint8Array): Ran {
  const { courses, offers } = market;
  const springs = springsOf(market, { choice, mosts });
  const phases = phasesOf(offers, choice, courses.stepSeconds);
  const ran: Ran = { missed: 0, came: 0, usd: 0 };
  let phase = -1;
  let overflow: Float64Array | undefined;
  for (let step = 0; step < path.length; step += 1) {
    while (phase + 1 < phases.length && step >= (phases[phase + 1]?.fromStep ?? 0)) {
      phase += 1;
      overflow = market.overflow(phases[phase]?.counts ?? choice);
    }
    const level = path[step] ?? 0;
    ran.came += courses.levels[level] ?? 0;
    const over = overflow?.[level] ?? 0;
    if (over > 0 || springs.some((spring) => spring.isPaid())) ran.missed += serve(springs, over, step);
  }
  ran.came *= courses.stepSeconds;
  ran.missed *= courses.stepSeconds;
  ran.usd = springs.reduce((usd, spring) => usd + spring.usd(), 0);
  return ran;
}

type Phase = { readonly fromStep: number; readonly counts: Choice };

/** What is ordered now is there when it has started; until then what runs is all there is. */
function phasesOf(offers: readonly Offer[], choice: Choice, stepSeconds: number): readonly Phase[] {
  const startOf = ({ place, role }: Offer, index: number): number =>
    role === "stands" && (choice[index] ?? 0) > place.standing.running
      ? Math.ceil(place.terms.coldMs / 1_000 / stepSeconds)
      : 0;
  const starts = offers.map(startOf);
  return [...new Set([0, ...starts])]
    .sort((a, b) => a - b)
    .map((fromStep) => ({
      fromStep,
      counts: offers.map(({ place }, index) => {
        const wanted = choice[index] ?? 0;
        return (starts[index] ?? 0) > fromStep ? Math.min(wanted, place.standing.running) : wanted;
      }),
    }));
}

/** First what is warm and paid until it was idle, then who starts and stays for the least. */
function springsOf({ offers, courses, facts }: Market, { choice, mosts }: Held): readonly Spring[] {
  const { stepSeconds } = courses;
  return offers
    .flatMap((offer, index) => {
      const most = mosts[index] ?? 0;
      if (offer.role !== "springs" || most === 0) return [];
      const waitSeconds = Math.max(0, queueOf(offer.capacity, 1, facts).waitMs) / 1_000;
      const least = Math.min(most, choice[index] ?? 0);
      return [createSpring(offer, { least, most, stepSeconds, waitSeconds })];
    })
    .sort((a, b) => a.usdPerStart - b.usdPerStart);
}

/** What overflows goes where it is warm and paid already, then where a start costs least; what is left is missed. */
function serve(springs: readonly Spring[], overflowing: number, step: number): number {
  let left = overflowing;
  let missed = 0;
  for (const spring of springs) {
    spring.begin(step);
    left -= spring.takeWarm(left);
  }
  for (const spring of springs) {
    const { taken, late } = spring.take(left, step);
    left -= taken;
    missed += late;
  }
  return missed + Math.max(0, left);
}
