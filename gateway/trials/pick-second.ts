import type { DriftWatch } from "../agreement/drift-watch.ts";
import type { Peer } from "../agreement/sampler.ts";
import { marginalUsd } from "../dispatch/marginal-cost.ts";
import type { Lane, Pool } from "../dispatch/pool.ts";
import type { Standing } from "../dispatch/standing.ts";
import type { Route } from "../fleet/snapshot.ts";
import type { AnsweredImage } from "./answered-image.ts";

/** Of all requests of a route, so many are what comparing its canary's answers may cost where nobody asks for more. */
const mostOfRoute = 0.05;

/** Extra copies that wait for their turn say that there is no room for more of them. */
const scarce = 0.75;

/**
 * Of the requests that this lane answers, the share that is answered twice. A canary with a small part of the traffic is
 * compared with every answer, or it would take days to know it.
 */
export function shareAnsweredTwice({ rules }: Pick<Route, "rules">, { canary }: Lane): number {
  const { share = 0 } = rules.agreement ?? {};
  return canary > 0 ? Math.max(share, Math.min(1, mostOfRoute / canary)) : share;
}

/**
 * Who may give a second answer. A canary is held against those that answer as a rule; these are held against each other,
 * or against whom the configuration names. Who was taken out of choice stays, or it could never show that it is well.
 */
export function peersOf(
  image: Pick<AnsweredImage, "route" | "lane" | "models" | "bytes">,
  { watch, now }: { readonly watch: Pick<DriftWatch, "samples">; readonly now: number },
): readonly Peer[] {
  const { route, lane, bytes } = image;
  const peers: Peer[] = [];
  for (const other of route.pool.lanes) {
    const { standing, latency } = other;
    if (!mayAnswerToo(other, image) || !isThere(other, now)) continue;
    const usd = thoughtUsd(standing, { bytes, ms: latency.predict(1, now), now });
    if (!standing.spending.has(usd, now)) continue;
    const { name: backend } = standing;
    peers.push({ backend, usd, samples: watch.samples(route.model, lane.standing.name, backend) });
  }
  return peers;
}

function mayAnswerToo(
  { place, canary }: Lane,
  { route, lane, models }: Pick<AnsweredImage, "route" | "lane" | "models">,
): boolean {
  const backend = route.backends[place];
  if (!backend || place === lane.place || models[place] === undefined) return false;
  const named = lane.canary > 0 ? undefined : route.rules.agreement?.with;
  return named ? named.includes(backend.id) : canary === 0;
}

/** Nobody is woken or kept awake for it, but for one that would sleep for good, since nobody chooses it any more. */
function isThere({ standing, isBarred }: Lane, now: number): boolean {
  return hasRoom(standing, now) && (isBarred || standing.warmth.isInUse(now));
}

/** Whether one that is asked beside the path would not be in the way of those that wait. */
export function hasRoom(standing: Standing, now: number): boolean {
  return standing.breaker.most(now) > standing.inFlight && standing.load(now) <= standing.terms.mostInFlight;
}

/** What one more request there is thought to cost. */
export function thoughtUsd(
  standing: Standing,
  ask: { readonly bytes: number; readonly ms: number; readonly now: number },
): number {
  // It is a budget's money, and not a reason to choose: nothing of it is overlooked.
  const mostLongerUsd = Number.POSITIVE_INFINITY;
  return marginalUsd(standing, { ...ask, load: standing.load(ask.now), mostLongerUsd });
}

/** Whether all that a route has is needed for those who wait. */
export function isSaturated({ lanes, hedges, terms }: Pool, now: number): boolean {
  if (terms.hedge && hedges.scarcity > scarce) return true;
  return lanes.some(
    ({ standing }) => standing.breaker.fullUntil > now || standing.load(now) > standing.terms.mostInFlight,
  );
}
