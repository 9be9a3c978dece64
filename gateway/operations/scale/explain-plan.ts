import { type Market, mostNow, type Offer, type Worth } from "./market.ts";
import type { PlacePlan, ScalePlace, ScalePlan } from "./scale-facts.ts";
import { type Chosen, standingOf } from "./search-cheapest.ts";
import { stillToLearnMs } from "./still-to-learn.ts";
import { worthOf } from "./worth.ts";

/** The choice as an operator reads it. */
export function explainPlan(market: Market, chosen: Chosen): ScalePlan {
  const { facts, courses } = market;
  const { worth } = chosen;
  return {
    places: facts.places.map((place) => placePlan(market, chosen, place)),
    usdPerHour: { standing: worth.standingUsdPerHour, variable: worth.variableUsdPerHour },
    covers: {
      meanRps: courses.mean,
      highRps: courses.high,
      inTime: 1 - worth.missedShare,
      worstLoss: worth.worstLoss && {
        what: worth.worstLoss.what,
        inTime: 1 - worth.worstLoss.missedShare,
      },
    },
    warnings: warningsOf(market, chosen),
  };
}

function placePlan(market: Market, chosen: Chosen, place: ScalePlace): PlacePlan {
  const index = market.offers.findIndex((offer) => offer.place === place);
  const offer = market.offers[index];
  const { name } = place;
  if (!offer) return { name, changes: false, why: whyLeft(place, market) };
  const number = chosen.choice[index] ?? 0;
  if (!place.limits || place.scale === "none") return { name, changes: false, why: whyFixed(offer, number) };
  const why = `${said(offer, number)}; ${differences(market, chosen, index)}${refused(place, market)}`;
  if (place.scale === "count") return { name, count: number, changes: number !== standingOf(offer), why };
  const most = chosen.worth.mosts[index] ?? offer.most;
  const { bounds } = place.standing;
  return { name, least: number, most, changes: number !== bounds?.least || most !== bounds.most, why };
}

function whyLeft({ capacity, name }: ScalePlace, { facts }: Market): string {
  if (!capacity) return `nobody knows how fast ${name} is: declare a prior, or let it answer a few requests`;
  return `one request takes ${digits(capacity.serviceMs)} ms there, too long for ${facts.sloMs} ms`;
}

function whyFixed({ place }: Offer, number: number): string {
  const reason =
    place.scale === "none" ? "somebody else scales it" : "it has no scale, so nobody may change it";
  return `${reason}; ${number} counted on`;
}

function said({ place, role, capacity }: Offer, number: number): string {
  const each = digits((capacity.slots * 1_000) / capacity.serviceMs);
  if (role === "stands") return `${number} paid for anyway, up to ${each} requests a second each`;
  const start = `starts in ${digits(place.terms.coldMs / 1_000)} s`;
  return number === 0 ? `none kept warm, since it ${start}` : `${number} kept warm, since it ${start}`;
}

/** What one less and one more would change: why it is this number. */
function differences(market: Market, { choice, worth }: Chosen, index: number): string {
  const number = choice[index] ?? 0;
  const offer = market.offers[index];
  const other = (by: number): string => {
    const changed = worthOf(market, choice.with(index, number + by));
    return `one ${by < 0 ? "less" : "more"} ${difference(worth, changed)}`;
  };
  if (!offer) return "";
  const less = number > offer.from ? [other(-1)] : [`not less than its ${offer.from}`];
  const more =
    number < offer.to ? [other(1)] : number >= offer.most ? [`it has no more than ${offer.most}`] : [];
  return [...less, ...more].join(", ");
}

function difference(now: Worth, changed: Worth): string {
  const missed = (changed.missedShare - now.missedShare) * 100;
  const lost = ((changed.worstLoss?.missedShare ?? 0) - (now.worstLoss?.missedShare ?? 0)) * 100;
  const usd = dollars(changed) - dollars(now);
  const money = `${usd < 0 ? "saves" : "costs"} $${digits(Math.abs(usd))} an hour`;
  if (missed > 0.01) return `${money} and misses ${digits(missed)} % more`;
  return lost > 0.01 ? `${money} and leaves ${digits(lost)} % more without a place after a loss` : money;
}

function dollars({ standingUsdPerHour, variableUsdPerHour }: Worth): number {
  return standingUsdPerHour + variableUsdPerHour;
}

function refused({ refusals }: ScalePlace, { facts }: Market): string {
  const latest = refusals.filter(({ until }) => facts.now < until).at(-1);
  if (!latest) return "";
  const minutes = Math.ceil((latest.until - facts.now) / 60_000);
  return `; ${latest.atCount} were refused (${latest.why}), which is tried again in ${minutes} min`;
}

function warningsOf(market: Market, chosen: Chosen): readonly string[] {
  const { facts, courses } = market;
  const { worth } = chosen;
  const allowed = 1 - facts.attain;
  const { worstLoss, missedShare } = worth;
  const unknown = facts.places.filter(({ capacity }) => !capacity).map(({ name }) => name);
  return [
    ...(missedShare > allowed * 1.01
      ? [`about ${percent(missedShare)} will be late: ${reasonOf(market, chosen)}`]
      : []),
    ...(worstLoss && worstLoss.missedShare > allowed * 1.01
      ? [
          `without ${worstLoss.what}, ${percent(worstLoss.missedShare)} of ${digits(courses.high)} requests a second would be late`,
        ]
      : []),
    ...newWarnings(market),
    ...budgetWarnings(market, chosen),
    ...(unknown.length > 0
      ? [`left as they are, since nobody knows how fast they are: ${unknown.join(", ")}`]
      : []),
  ];
}

function newWarnings({ facts, offers }: Market): readonly string[] {
  const minutes = Math.ceil(stillToLearnMs(facts) / 60_000);
  const isHeld = offers.some(({ place }) => place.limits && place.scale !== "none");
  if (minutes === 0 || !isHeld) return [];
  const known = Math.floor(facts.forecast.learned.seconds / 60);
  return [
    `nothing is taken away for ${minutes} min: what came was counted for ${known} min, too few to tell`,
  ];
}

function budgetWarnings({ facts, offers }: Market, { worth }: Chosen): readonly string[] {
  const { budgetUsdPerHour } = facts;
  if (budgetUsdPerHour === undefined) return [];
  const budget = `the budget of $${digits(budgetUsdPerHour)} an hour`;
  if (worth.standingUsdPerHour > budgetUsdPerHour)
    return [`what must stand costs $${digits(worth.standingUsdPerHour)} an hour, more than ${budget}`];
  const held = offers.filter(({ most }, index) => (worth.mosts[index] ?? most) < most);
  return held.map(({ place, most }) => `${place.name} is held below its most of ${most} by ${budget}`);
}

function reasonOf({ facts, offers }: Market, { choice }: Chosen): string {
  const full = offers.filter(({ place, role }, index) => {
    return role === "stands" && place.limits && (choice[index] ?? 0) >= mostNow(place, facts.now);
  });
  if (full.length === 0) return "what is ordered now is there only when it has started";
  return `no more can be had of ${full.map(({ place }) => place.name).join(", ")}`;
}

function percent(share: number): string {
  return `${digits(share * 100)} %`;
}

function digits(figure: number): string {
  return String(Number(figure.toPrecision(3)));
}
