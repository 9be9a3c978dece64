import { worstLossOf } from "./loss.ts";
import type { Choice, Market, Worth } from "./market.ts";
import { runCourses, standingUsdPerHour } from "./run-courses.ts";

/** What a choice is worth; each is weighed once. */
export function worthOf(market: Market, choice: Choice): Worth {
  const key = choice.join(" ");
  const worth = market.weighed.get(key) ?? weigh(market, choice);
  market.weighed.set(key, worth);
  return worth;
}

/** What could cost more than the budget is weighed as if it were held back, since that is what will be done. */
function weigh(market: Market, choice: Choice): Worth {
  const { facts, offers } = market;
  const free = runCourses(
    market,
    choice,
    offers.map(({ most }) => most),
  );
  const { budgetUsdPerHour = Number.POSITIVE_INFINITY } = facts;
  const ran =
    free.mostUsdPerHour > budgetUsdPerHour
      ? runCourses(market, choice, mostsWithin(market, choice, budgetUsdPerHour))
      : free;
  const worth = { ...ran, worstLoss: worstLossOf(market, choice) };
  const usd = worth.standingUsdPerHour + worth.variableUsdPerHour;
  return { ...worth, score: usd + notKept(worth, market) };
}

/** What is left of the budget beside what stands, as instances of what springs, in the order of their places. */
function mostsWithin(market: Market, choice: Choice, budgetUsdPerHour: number): Choice {
  let left = Math.max(0, budgetUsdPerHour - standingUsdPerHour(market, choice));
  return market.offers.map(({ place, role, most }, index) => {
    if (role === "stands") return most;
    const each = place.terms.usdPerSecond * 3_600;
    const warm = choice[index] ?? 0;
    const paid = each > 0 ? Math.min(most, warm + Math.floor(left / each)) : most;
    left -= Math.max(0, paid - warm) * each;
    return paid;
  });
}

/** The budget comes before what is promised, and what a loss leaves before dollars. */
const usdPerLost = 1e4;
const usdPerOverspent = 1e7;

/** A miss that is allowed is not for nothing, so that of two choices at the same price the better one is taken. */
const allowedCounts = 0.05;

function notKept(
  { missedShare, worstLoss, standingUsdPerHour }: Omit<Worth, "score">,
  market: Market,
): number {
  const { facts, courses } = market;
  const { budgetUsdPerHour = Number.POSITIVE_INFINITY } = facts;
  const { allowed, usdPerMiss } = promiseOf(market);
  const over = Math.max(0, standingUsdPerHour - budgetUsdPerHour) / Math.min(budgetUsdPerHour, 1e9);
  const beyond = Math.max(0, missedShare - allowed);
  const counted = beyond + allowedCounts * (missedShare - beyond);
  return (
    usdPerMiss * courses.mean * 3_600 * counted +
    usdPerLost * Math.max(0, (worstLoss?.missedShare ?? 0) - (1 - facts.attain)) +
    usdPerOverspent * over
  );
}

/**
 * What was missed of an hour's requests is made up for: fewer may be missed from now on, and each counts more. A few of
 * the first requests say little yet.
 */
function promiseOf({ facts, courses }: Market): { readonly allowed: number; readonly usdPerMiss: number } {
  const { attain, usdPerMiss, lately } = facts;
  const allowed = Math.max(1e-6, 1 - attain);
  const requests = Math.max(lately?.requests ?? 0, courses.mean * 3_600);
  const missed = requests > 0 ? (lately?.missed ?? 0) / requests : 0;
  const worse = Math.min(mostStrict, Math.max(1, missed / allowed));
  return { allowed: Math.max(0, Math.min(allowed, 2 * allowed - missed)), usdPerMiss: usdPerMiss * worse };
}

const mostStrict = 5;
