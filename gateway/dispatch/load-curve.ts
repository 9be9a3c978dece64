import type { Prior } from "#adapters/terms.ts";

/** The curve is kept at loads 1, 2, 4 ... 2^14, with straight lines between them. */
const points = 15;

/** A point never forgets slower than this. */
const leastPace = 0.05;

/** Seen so often a point stands for itself; before, the line goes on through it as the points below it do. */
const enough = 1;

/**
 * What an answer takes by how many requests are there. Servers that gather batches are no straight line, so it is learned
 * at several loads, each corrected by the part that it has in an error. Beyond what was seen it goes on as its owner
 * declared, or as steep as it was last.
 */
export class LoadCurve {
  readonly #values = new Float64Array(points + 1);
  readonly #weights = new Float64Array(points + 1);
  readonly #declared: number | undefined;
  #isBegun = false;

  constructor(prior: Prior | undefined) {
    this.#declared = prior?.perInFlightMs;
    if (prior) this.assume(prior.baseMs, prior.perInFlightMs);
  }

  assume(baseMs: number, perInFlightMs: number): void {
    for (let place = 0; place <= points; place += 1)
      this.#values[place] = baseMs + perInFlightMs * (2 ** place - 1);
    this.#isBegun = true;
  }

  /** 0 while nothing is known or assumed. */
  at(load: number): number {
    const place = Math.min(points - 1, 31 - Math.clz32(load));
    const low = this.#values[place] ?? 0;
    const part = (load - (1 << place)) / (1 << place);
    return low + ((this.#values[place + 1] ?? low) - low) * part;
  }

  learn(ms: number, load: number): void {
    if (!this.#isBegun) {
      const baseMs = ms / (1 + (load - 1) * unknownSteepness);
      this.assume(baseMs, baseMs * unknownSteepness);
    }
    const place = Math.min(points - 1, 31 - Math.clz32(load));
    const part = Math.min(1, (load - (1 << place)) / (1 << place));
    const error = ms - this.at(load);
    const norm = (1 - part) ** 2 + part ** 2;
    this.#correct(place, 1 - part, error / norm);
    this.#correct(place + 1, part, error / norm);
    this.#draw();
  }

  /** Triples: a point, how much was seen there, and what it came to. */
  told(): readonly number[] {
    const told: number[] = [];
    for (const [place, weight] of this.#weights.entries())
      if (weight > 0) told.push(place, weight, this.#values[place] ?? 0);
    return told;
  }

  /** What another has seen joins what was seen here: the mean of both, each with its weight, is that of all samples. */
  adopt(told: readonly number[]): void {
    if (!this.#isBegun) this.assume(told[2] ?? 0, 0);
    for (let at = 0; at + 2 < told.length; at += 3) {
      const [place = 0, weight = 0, value = 0] = [told[at], told[at + 1], told[at + 2]];
      const own = this.#weights[place];
      if (own === undefined || own + weight <= 0) continue;
      this.#values[place] = ((this.#values[place] ?? 0) * own + value * weight) / (own + weight);
      this.#weights[place] = Math.min(1 / leastPace, own + weight);
    }
    this.#draw();
  }

  #correct(place: number, share: number, error: number): void {
    const weight = (this.#weights[place] ?? 0) + share;
    this.#weights[place] = Math.min(1 / leastPace, weight);
    const pace = Math.max(leastPace, 1 / (1 + weight));
    this.#values[place] = Math.max(0.01, (this.#values[place] ?? 0) + pace * share * error);
  }

  /** More requests never make an answer faster, and where nobody was seen the line goes on. */
  #draw(): void {
    for (let place = 1; place <= points; place += 1) {
      const before = this.#values[place - 1] ?? 0;
      const isKnown = (this.#weights[place] ?? 0) >= enough;
      const value = isKnown
        ? (this.#values[place] ?? 0)
        : before + this.#steepnessAt(place) * 2 ** (place - 1);
      this.#values[place] = Math.max(before, value);
    }
  }

  /** Milliseconds for each further request. */
  #steepnessAt(place: number): number {
    if (this.#declared !== undefined) return this.#declared;
    const [before, last] = [this.#values[place - 2], this.#values[place - 1] ?? 0];
    if (before === undefined) return last * unknownSteepness;
    return Math.max((last - before) / 2 ** (place - 2), (last * leastSteepness) / 2 ** (place - 1));
  }
}

/** Of a server that nobody knows: each further request adds a quarter of what the first takes. */
const unknownSteepness = 0.25;

/** Twice as many take a quarter longer at least, where no more than that is known. */
const leastSteepness = 0.25;
