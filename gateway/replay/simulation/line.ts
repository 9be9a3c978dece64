import type { Journey } from "./journey.ts";

const mostPassed = 1_024;

/** First come, first served. Who left is passed over when its turn comes. */
export class Line {
  #length = 0;
  #first = 0;
  readonly #all: (Journey | undefined)[] = [];

  /** Those that still wait. */
  get length(): number {
    return this.#length;
  }

  push(journey: Journey): void {
    journey.state = "waiting";
    this.#all.push(journey);
    this.#length += 1;
  }

  /** One that is over waits no longer. */
  left(): void {
    this.#length -= 1;
  }

  shift(): Journey | undefined {
    if (this.#length === 0) return undefined;
    for (;;) {
      const journey = this.#all[this.#first];
      // Who is held on to keeps its whole request in memory.
      this.#all[this.#first] = undefined;
      this.#first += 1;
      if (this.#first >= mostPassed) this.#forgetPassed();
      if (journey?.state !== "waiting") continue;
      this.#length -= 1;
      if (this.#length === 0) this.clear();
      return journey;
    }
  }

  clear(): void {
    this.#all.length = 0;
    this.#first = 0;
    this.#length = 0;
  }

  #forgetPassed(): void {
    this.#all.splice(0, this.#first);
    this.#first = 0;
  }
}
