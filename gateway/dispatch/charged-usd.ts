import type { Try } from "./try.ts";

/**
 * What a tenant is charged for an image, or for several in one request: what was paid by use, for as long as it was used, at every backend that worked
 * on it. It is not what the image added to the bill: who comes first after a quiet night would pay for a whole instance.
 */
export function chargedUsd(tries: readonly Try[], images = 1): number {
  let usd = 0;
  for (const { lane, state, sentAt, endedAt, load } of tries) {
    if (state === "failed") continue;
    const { billing, usdPerSecond, usdPerRequest, perInstance } = lane.standing.terms;
    const seconds = billing === "provisioned" ? 0 : (endedAt - sentAt) / 1000;
    usd += images * usdPerRequest + (usdPerSecond * seconds) / Math.min(load, perInstance);
  }
  return usd;
}
