/** Ratios of what an answer took to what was foreseen are counted in steps of an eighth of an octave, from 1/4 to 16. */
const steps = 48;
const perOctave = 8;
const lowest = -2;

const highest = 2 ** (lowest + steps / perOctave);

/** Each new sample makes the older ones weigh a little less. */
const memory = 0.998;

/** As many samples as the prior stands for. */
const priorWeight = 12;

/**
 * How far answers stray from what was foreseen. It starts from a tail that is heavier than a Gaussian's and becomes what
 * was seen; its own past errors are in it, so that what is foreseen badly is trusted less.
 */
export class TailShape {
  readonly #counts = new Float64Array(steps);
  /** Of every step the share of answers that take longer than its lower edge. */
  readonly #beyond = new Float64Array(steps + 1);
  #isDrawn = false;

  add(ratio: number, weight = 1): void {
    const place = Math.floor((Math.log2(ratio) - lowest) * perOctave);
    const counts = this.#counts;
    for (let step = 0; step < steps; step += 1) counts[step] = (counts[step] ?? 0) * memory;
    const at = Math.min(steps - 1, Math.max(0, place));
    counts[at] = (counts[at] ?? 0) + weight;
    this.#isDrawn = false;
  }

  /** The share of answers that take longer than so many times what was foreseen. */
  beyond(ratio: number): number {
    if (!this.#isDrawn) this.#draw();
    const exact = (Math.log2(ratio) - lowest) * perOctave;
    if (!(exact > 0)) return 1;
    // Beyond what is counted it goes on as the prior does from there.
    if (exact >= steps) return ((this.#beyond[steps] ?? 0) * priorBeyond(ratio)) / priorBeyond(highest);
    const place = Math.floor(exact);
    const here = this.#beyond[place] ?? 0;
    return here + ((this.#beyond[place + 1] ?? 0) - here) * (exact - place);
  }

  /** So many times what was foreseen is exceeded by a share of 1 - quantile. */
  quantile(quantile: number): number {
    if (!this.#isDrawn) this.#draw();
    const share = 1 - quantile;
    let place = 0;
    while (place < steps && (this.#beyond[place + 1] ?? 0) > share) place += 1;
    const [here, next] = [this.#beyond[place] ?? 0, this.#beyond[place + 1] ?? 0];
    const part = here > next ? (here - share) / (here - next) : 0;
    return 2 ** (lowest + (place + Math.min(1, part)) / perOctave);
  }

  /** What was seen, for whoever has seen little: pairs of a step and how much was counted there. */
  told(): readonly number[] {
    const told: number[] = [];
    for (const [step, count] of this.#counts.entries()) if (count >= 0.05) told.push(step, count);
    return told;
  }

  /** Counts that fade are counts: those of several add up. */
  adopt(told: readonly number[]): void {
    for (let at = 0; at + 1 < told.length; at += 2) {
      const [step = 0, count = 0] = [told[at], told[at + 1]];
      if (step < steps) this.#counts[step] = (this.#counts[step] ?? 0) + count;
    }
    this.#isDrawn = false;
  }

  #draw(): void {
    let [total, above] = [0, 0];
    for (const count of this.#counts) total += count;
    for (let step = steps; step >= 0; step -= 1) {
      // What is longer than all steps is in the last one.
      above += (step === steps ? this.#counts[steps - 1] : step === steps - 1 ? 0 : this.#counts[step]) ?? 0;
      this.#beyond[step] = (above + (priorTail[step] ?? 0) * priorWeight) / (total + priorWeight);
    }
    this.#isDrawn = true;
  }
}

/** One in 65 takes twice as long, one in 4,000 four times. */
function priorBeyond(ratio: number): number {
  return 1 / (1 + ratio ** 6);
}

const priorTail: readonly number[] = Array.from({ length: steps + 1 }, (_, step) =>
  priorBeyond(2 ** (lowest + step / perOctave)),
);
