import type { Terms } from "#adapters/terms.ts";
import type { Lane } from "../../dispatch/pool.ts";
import type { OpenPolicy } from "../policy.ts";
import { choosing } from "./choosing.ts";
import { type Variant, variants } from "./variant.ts";

export type CheapestOptions = {
  /** Whether what is paid for anyway counts as free. */
  readonly ownedIsFree: boolean;
};

/** Always the lowest list price, until that one is full. */
export function cheapest({ ownedIsFree }: CheapestOptions = { ownedIsFree: true }): OpenPolicy {
  return () => {
    return {
      choose: choosing((usable) =>
        usable.reduce((best, lane) => (price(lane, ownedIsFree) < price(best, ownedIsFree) ? lane : best)),
      ),
      hedges: false,
      wakes: false,
    };
  };
}

export const cheapestGrid: readonly Variant[] = variants(cheapest, [
  { ownedIsFree: true },
  { ownedIsFree: false },
]);

function price({ standing: { terms } }: Lane, ownedIsFree: boolean): number {
  return ownedIsFree && terms.billing === "provisioned" ? terms.usdPerRequest : listPriceUsd(terms);
}

/** What a price list says of one image: the time it is declared to take alone, a tenth of a second where it is not. */
export function listPriceUsd({ usdPerRequest, usdPerSecond, prior }: Terms): number {
  return usdPerRequest + (usdPerSecond * (prior?.baseMs ?? 100)) / 1000;
}
