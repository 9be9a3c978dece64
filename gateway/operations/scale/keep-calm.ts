import type { Choice, Market, Offer } from "./market.ts";
import { type Chosen, searchCheapest, standingOf } from "./search-cheapest.ts";
import { stillToLearnMs } from "./still-to-learn.ts";
import { worthOf } from "./worth.ts";

/** Less than this share of all dollars is not worth a change. */
const worthwhile = 0.02;

/** Takes nothing away from a place that has not cooled down, nor for next to nothing, nor before demand is known. */
export function keepCalm(market: Market, best: Chosen): Chosen {
  const { offers, facts } = market;
  const now = offers.map(standingOf);
  const isLess = (offer: Offer, index: number): boolean =>
    (best.choice[index] ?? 0) < (now[index] ?? 0) && offer.to > offer.from;
  const isNew = stillToLearnMs(facts) > 0;
  const isHot = ({ place }: Offer): boolean =>
    isNew || facts.now < (place.changedAt ?? Number.NEGATIVE_INFINITY) + (place.limits?.coolDownMs ?? 0);
  if (!offers.some(isLess)) return best;
  const hot = offers.map((offer, index) => (isLess(offer, index) && isHot(offer) ? (now[index] ?? 0) : 0));
  const cooled = hot.some((number) => number > 0) ? searchCheapest(market, { from: hot }) : best;
  const kept = keptOf(market, cooled, now);
  if (isNew) return kept;
  const saved = kept.worth.score - cooled.worth.score;
  return saved < worthwhile * Math.abs(kept.worth.score) ? kept : cooled;
}

/** Never fewer than now. */
function keptOf(market: Market, { choice }: Chosen, now: Choice): Chosen {
  const kept = choice.map((number, index) => {
    const offer = market.offers[index];
    return offer ? Math.max(number, Math.min(offer.to, now[index] ?? 0)) : number;
  });
  return { choice: kept, worth: worthOf(market, kept) };
}
