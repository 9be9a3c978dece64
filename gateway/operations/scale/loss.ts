import { queueOf } from "./capacity-of.ts";
import { type Choice, fullRps, type Loss, type Market, type Offer } from "./market.ts";
import { overflowShare } from "./queue.ts";

/** The worst of the losses that are to be survived; undefined where none is. */
export function worstLossOf(market: Market, choice: Choice): Loss | undefined {
  const { facts, offers } = market;
  if (facts.survive === "nothing") return undefined;
  const nameOf = ({ place }: Offer): string => (facts.survive === "domain" ? place.domain : place.name);
  let worst: Loss | undefined;
  for (const what of new Set(offers.map(nameOf))) {
    const missedShare = missedWithout(market, choice, (offer) => nameOf(offer) === what);
    if (!worst || missedShare > worst.missedShare) worst = { what, missedShare };
  }
  return worst;
}

/** Who is warm takes over at once, who is not when it has started: that is a small share of the time ahead, or not. */
function missedWithout(market: Market, choice: Choice, isLost: (offer: Offer) => boolean): number {
  const { facts, offers, courses } = market;
  if (courses.high <= 0) return 0;
  let [slots, rps] = [0, 0];
  for (const [index, offer] of offers.entries()) {
    if (offer.role !== "stands" || isLost(offer)) continue;
    slots += (choice[index] ?? 0) * offer.capacity.slots;
    rps += (choice[index] ?? 0) * fullRps(offer.capacity);
  }
  const pool = { slots, serviceMs: rps > 0 ? (slots * 1_000) / rps : 1, from: "declared" } as const;
  let left = courses.high * overflowShare(courses.high, queueOf(pool, 1, facts));
  let missed = 0;
  const horizonMs = Math.max(1, facts.forecast.steps.length) * courses.stepSeconds * 1_000;
  const springs = offers
    .map((offer, index) => ({ offer, warm: choice[index] ?? 0 }))
    .filter(({ offer }) => offer.role === "springs" && !isLost(offer))
    .sort((a, b) => a.offer.place.terms.coldMs - b.offer.place.terms.coldMs);
  for (const { offer, warm } of springs) left -= Math.min(left, warm * fullRps(offer.capacity));
  for (const { offer, warm } of springs) {
    const taken = Math.min(left, Math.max(0, offer.most - warm) * fullRps(offer.capacity));
    missed += taken * Math.min(1, offer.place.terms.coldMs / horizonMs);
    left -= taken;
  }
  return Math.min(1, (missed + left) / courses.high);
}
