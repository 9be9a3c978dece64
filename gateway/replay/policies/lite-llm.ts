import type { Lane } from "../../dispatch/pool.ts";
import type { OpenPolicy } from "../policy.ts";
import { listPriceUsd } from "./cheapest.ts";
import { choosing } from "./choosing.ts";
import { anyOf } from "./random.ts";
import { type Variant, variants } from "./variant.ts";

export type LiteLatencyOptions = {
  /** Any of those within so much of the fastest is as good. */
  readonly buffer: number;
};

const ttlMs = 3_600_000;
const listed = 10;
const timedOutMs = 1_000_000;

/**
 * The lowest mean of a list of ten. Who has no list counts as 0 and comes first; a request that was given up counts a
 * thousand seconds. A full list keeps its first nine for ever and only replaces its last: that is how it was found, and
 * it stays so here.
 */
export function liteLatency({ buffer }: LiteLatencyOptions = { buffer: 0 }): OpenPolicy {
  return ({ lanes }) => {
    const lists = lanes.map(() => new LiteList());
    const mean = ({ place }: Lane, now: number) => lists[place]?.mean(now) ?? 0;
    return {
      choose: choosing((usable, { now }, chance) => {
        let best = Number.POSITIVE_INFINITY;
        for (const lane of usable) best = Math.min(best, mean(lane, now));
        return anyOf(
          usable.filter((lane) => mean(lane, now) <= best * (1 + buffer)),
          chance,
        );
      }),
      hedges: false,
      wakes: false,
      ended: ({ lane, sentAt, state }, now) => {
        if (state !== "failed") lists[lane.place]?.add(state === "answered" ? now - sentAt : timedOutMs, now);
      },
    };
  };
}

/** The list of one backend; it is forgotten an hour after its last sample. */
export class LiteList {
  #samples: number[] = [];
  #until = Number.NEGATIVE_INFINITY;

  add(ms: number, now: number): void {
    const samples = now < this.#until ? this.#samples : [];
    this.#samples = samples.length < listed ? [...samples, ms] : [...samples.slice(0, listed - 1), ms];
    this.#until = now + ttlMs;
  }

  mean(now: number): number {
    if (now >= this.#until) return 0;
    let sum = 0;
    for (const ms of this.#samples) sum += ms;
    return sum / this.#samples.length;
  }
}

export type LiteCostOptions = {
  /** Requests that each backend is given in a minute at most, as its owner would have to set it by hand. */
  readonly perMinute: number;
};

/** The lowest list price that is below its limit of requests a minute; everyone else after it. */
export function liteCost(
  { perMinute }: LiteCostOptions = { perMinute: Number.POSITIVE_INFINITY },
): OpenPolicy {
  return ({ lanes }) => {
    const price = ({ standing }: Lane) => listPriceUsd(standing.terms);
    const sent = new Uint32Array(lanes.length);
    let minute = 0;
    return {
      choose: choosing((usable, { now }, chance) => {
        if (Math.floor(now / 60_000) !== minute) sent.fill(0);
        minute = Math.floor(now / 60_000);
        const below = usable.filter(({ place }) => (sent[place] ?? 0) < perMinute);
        if (below.length === 0) return anyOf(usable, chance);
        return below.reduce((best, lane) => (price(lane) < price(best) ? lane : best));
      }),
      hedges: false,
      wakes: false,
      sent: ({ lane }) => {
        sent[lane.place] = (sent[lane.place] ?? 0) + 1;
      },
    };
  };
}

export const liteLatencyGrid: readonly Variant[] = variants(
  liteLatency,
  [0, 0.1, 0.5, 1].map((buffer) => ({ buffer })),
);

export const liteCostGrid: readonly Variant[] = variants(
  liteCost,
  [600, 1_500, 3_000, 6_000, Number.POSITIVE_INFINITY].map((perMinute) => ({ perMinute })),
);
