import type { Lane } from "../../dispatch/pool.ts";

/** What a probe said of a backend. */
export type Reading = {
  readonly place: number;
  load: number;
  readonly ms: number;
  readonly at: number;
  uses: number;
};

const most = 16;
const mostAgeMs = 1_000;
const removedPerRequest = 1;
const spread = 1;
const remembered = 128;

export type ReadingOptions = { readonly hotQuantile: number; readonly probesPerRequest: number };

/** The pool of probes: at most sixteen, one a backend, none older than a second, each used so often and no more. */
export class Readings {
  readonly #options: ReadingOptions;
  readonly #reuse: number;
  #pool: Reading[] = [];
  readonly #loads: number[] = [];
  #turn = 0;

  constructor(backends: number, options: ReadingOptions) {
    this.#options = options;
    this.#reuse = reuseOf(backends, options.probesPerRequest);
  }

  add(reading: Reading): void {
    this.#loads[this.#turn] = reading.load;
    this.#turn = (this.#turn + 1) % remembered;
    this.#pool = this.#pool.filter(({ place }) => place !== reading.place);
    if (this.#pool.length >= most) this.#pool.shift();
    this.#pool.push(reading);
  }

  /** The position in `usable` of the one to take; undefined where no reading is of any of them. */
  pick(usable: readonly Lane[], now: number): number | undefined {
    this.#pool = this.#pool.filter(({ at, uses }) => now - at <= mostAgeMs && uses < this.#reuse);
    const hotAbove = this.#hotAbove();
    let best: Reading | undefined;
    for (const reading of this.#pool) {
      if (!usable.some(({ place }) => place === reading.place)) continue;
      if (!best || isBetter(reading, best, hotAbove)) best = reading;
    }
    if (!best) return undefined;
    // Its request is on its way: the next one is not to think there were fewer.
    best.load += 1;
    best.uses += 1;
    const { place } = best;
    this.#drop(hotAbove);
    return usable.findIndex((lane) => lane.place === place);
  }

  #hotAbove(): number {
    const sorted = this.#loads.toSorted((one, other) => one - other);
    return sorted[Math.min(sorted.length - 1, Math.floor(this.#options.hotQuantile * sorted.length))] ?? 0;
  }

  /** In turn the worst and the oldest leaves, so that a pool that is only read keeps no bad readings; a few stay. */
  #drop(hotAbove: number): void {
    if (this.#pool.length <= most - removedPerRequest) return;
    const leaves =
      this.#turn % 2 === 0
        ? this.#pool[0]
        : this.#pool.reduce((worst, one) => (isBetter(worst, one, hotAbove) ? one : worst));
    this.#pool = this.#pool.filter((one) => one !== leaves);
  }
}

/** Cold before hot, the faster of two cold ones, the less loaded of two hot ones. */
export function isBetter(one: Reading, other: Reading, hotAbove: number): boolean {
  const [isHot, isOtherHot] = [one.load > hotAbove, other.load > hotAbove];
  if (isHot !== isOtherHot) return isOtherHot;
  return isHot ? one.load < other.load : one.ms < other.ms;
}

/** How often a reading may be used; where there are fewer backends than places in the pool, until it is too old. */
function reuseOf(backends: number, probesPerRequest: number): number {
  const left = (1 - most / backends) * probesPerRequest - removedPerRequest;
  return left > 0 ? Math.max(1, (1 + spread) / left) : Number.POSITIVE_INFINITY;
}
