import type { Prior } from "#adapters/terms.ts";

export type Answer = { readonly load: number; readonly ms: number; readonly at: number };

/** Answers that are remembered of each load, and loads up to which each is remembered by itself. */
const kept = 9;
const exact = 64;

/** What one backend's late answers took, by how many others were there. */
export class LatencyByLoad {
  readonly #memoryMs: number;
  readonly #prior: Prior | undefined;
  readonly #answers: Answer[][] = [];

  constructor(memoryMs: number, prior: Prior | undefined) {
    this.#memoryMs = memoryMs;
    this.#prior = prior;
  }

  add(answer: Answer): void {
    const step = stepOf(answer.load);
    for (let low = this.#answers.length; low <= step; low += 1) this.#answers.push([]);
    const answers = this.#answers[step] as Answer[];
    if (answers.length >= kept) answers.shift();
    answers.push(answer);
  }

  /** The median at the nearest load of which something is known; what was declared where nothing is. */
  estimate(load: number, now: number): number {
    const wanted = stepOf(load);
    const furthest = Math.max(wanted, this.#answers.length);
    for (let away = 0; away <= furthest; away += 1) {
      const ms = this.#median(wanted - away, now) ?? this.#median(wanted + away, now);
      if (ms !== undefined) return ms;
    }
    return this.#prior ? this.#prior.baseMs + this.#prior.perInFlightMs * load : 0;
  }

  #median(step: number, now: number): number | undefined {
    const fresh = (this.#answers[step] ?? []).filter(({ at }) => now - at <= this.#memoryMs);
    const sorted = fresh.map(({ ms }) => ms).sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)];
  }
}

/** Each load to 64, and above that eighths of a doubling. */
function stepOf(load: number): number {
  return load <= exact ? load : exact + Math.round(8 * Math.log2(load / exact));
}
