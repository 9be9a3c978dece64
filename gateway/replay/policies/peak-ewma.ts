import type { Lane } from "../../dispatch/pool.ts";
import type { OpenPolicy } from "../policy.ts";
import { choosing } from "./choosing.ts";
import { twoOf } from "./random.ts";
import { type Variant, variants } from "./variant.ts";

export type PeakEwmaOptions = { readonly tauMs: number };

/** Of someone who has requests and has never answered: nearly as bad as can be, and worse with each. */
const penalty = 1e12;

/**
 * Of two drawn the one with the lower peak times requests. A peak follows a slower answer at once and a faster one
 * slowly, and fades while nothing comes, so that who was slow is tried again.
 */
export function peakEwma({ tauMs }: PeakEwmaOptions = { tauMs: 10_000 }): OpenPolicy {
  return ({ lanes }) => {
    const peaks = lanes.map(() => new Peak(tauMs));
    const cost = ({ place, standing }: Lane, now: number) =>
      peaks[place]?.cost(standing.inFlight, now) ?? penalty;
    return {
      choose: choosing((usable, { now }, chance) => {
        const [one, other] = twoOf(usable, chance);
        return cost(other, now) < cost(one, now) ? other : one;
      }),
      hedges: false,
      wakes: false,
      ended: ({ lane, sentAt }, now) => peaks[lane.place]?.observe(now - sentAt, now),
    };
  };
}

export const peakEwmaGrid: readonly Variant[] = variants(
  peakEwma,
  [1_000, 3_000, 10_000, 30_000].map((tauMs) => ({ tauMs })),
);

/** An estimate of what answers take: the highest of late, fading at the pace of tau. */
export class Peak {
  readonly #tauMs: number;
  #ms = 0;
  #at = 0;

  constructor(tauMs: number) {
    this.#tauMs = tauMs;
  }

  observe(ms: number, now: number): void {
    const keep = Math.exp(-Math.max(0, now - this.#at) / this.#tauMs);
    this.#ms = ms > this.#ms ? ms : this.#ms * keep + ms * (1 - keep);
    this.#at = now;
  }

  cost(inFlight: number, now: number): number {
    this.observe(0, now);
    return this.#ms === 0 && inFlight > 0 ? penalty + inFlight : this.#ms * (inFlight + 1);
  }
}
