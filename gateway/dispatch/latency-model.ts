import type { Prior } from "#adapters/terms.ts";
import { LoadCurve } from "./load-curve.ts";
import { TailShape } from "./tail-shape.ts";

/** What was measured when an answer came, against what was foreseen when its request left. */
export type Measured = {
  readonly at: number;
  /** From the request's first byte out to the answer's last byte in. */
  readonly ms: number;
  /** Requests that were there when it left, itself among them. */
  readonly load: number;
  readonly predictedMs: number;
};

/** What one gateway has learned, for another that knows less. */
export type ToldLatency = {
  readonly samples: number;
  readonly ageMs: number;
  readonly level: number;
  readonly curve: readonly number[];
  readonly tail: readonly number[];
};

/** Of a change of level so much goes into the curve with each sample: what stays becomes how it is. */
const settling = 0.1;

/** How far one answer may stray from the curve and still be believed. */
const mostStray = 8;

/** How fast the level follows. */
const levelPace = 0.15;
const slow = 1.5;
const surprise = 0.25;
const doubtedPace = 0.6;
const mostLevel = 64;
const leastLevel = 0.02;

/** Fewer samples than this are no reason not to believe others. */
const little = 10;

/** Bad news is old after this long, and then forgotten at this pace: who was slow is asked again. */
const freshMs = 200;
const forgetMs = 2_000;

/** A first answer or two, with a server's caches still cold, say little of it, and are soon no more believed. */
const few = 5;
const fewStaleMs = 3_000;

/** What nobody has asked for so long may be another by now. */
const staleMs = 600_000;

/**
 * How long one backend takes for one model. Three things are learned: the curve, which is what an answer takes by how
 * many are there (servers that gather batches are no straight line); the level, which says by how much it is slower
 * or faster at this moment and follows within a dozen answers; and the shape of the tail around both.
 *
 * States: UNMEASURED until the first answer, when what was declared is believed; MEASURED; and DOUBTED, when it was last
 * seen slow and that is a while ago, or when nobody has asked for long: then it is believed to be better than it was, and
 * one request at a time finds out.
 */
export class LatencyModel {
  readonly tail = new TailShape();
  readonly #curve: LoadCurve;
  #level = 1;
  #samples = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(prior: Prior | undefined) {
    this.#curve = new LoadCurve(prior);
  }

  get isMeasured(): boolean {
    return this.#samples > 0;
  }

  get samples(): number {
    return this.#samples;
  }

  get lastAt(): number {
    return this.#lastAt;
  }

  /** Last seen slow, and not lately, or not seen at all for long. */
  isDoubted(now: number): boolean {
    const age = now - this.#lastAt;
    return this.isMeasured && age > freshMs && (this.#level > slow || age > this.#stale);
  }

  /** The middle of what an answer will take among `load` requests; 0 where nothing is known or declared. */
  predict(load: number, now: number): number {
    return this.#curve.at(load) * this.#levelAt(now);
  }

  learn({ at, ms, load, predictedMs }: Measured): void {
    const expected = this.#curve.at(load);
    const wasSlow = this.#level > slow;
    if (expected > 0 && this.#samples > 0) this.#follow(ms / expected, this.#paceAt(at));
    // Who has become slow is known as slow; only what comes as a surprise among ordinary answers is of the tail.
    const weight = wasSlow || this.#samples === 0 ? 0 : this.#level > slow ? surprise : 1;
    if (predictedMs > 0 && weight > 0) this.tail.add(ms / predictedMs, weight);
    this.#samples += 1;
    this.#lastAt = at;
    // One answer that took minutes says nothing of the curve.
    const most = expected > 0 ? expected * mostStray : ms;
    this.#curve.learn(Math.min(ms / this.#level ** (1 - settling), most), load);
  }

  /** A request that is still unanswered after this long says that answers take at least that. */
  learnOverdue({ at, ms, load }: Omit<Measured, "predictedMs">): void {
    const expected = this.#curve.at(load);
    const ratio = expected > 0 ? ms / expected : 0;
    if (ratio <= this.#level) return;
    this.#follow(ratio, levelPace);
    this.#lastAt = at;
  }

  /** Whether others may know more. */
  get knowsLittle(): boolean {
    return this.#samples < little;
  }

  /** For whoever knows less; undefined where it would say little. */
  told(now: number): ToldLatency | undefined {
    if (this.knowsLittle) return undefined;
    const ageMs = Math.max(0, now - this.#lastAt);
    const [curve, tail] = [this.#curve.told(), this.tail.told()];
    return { samples: this.#samples, ageMs, level: this.#level, curve, tail };
  }

  /** Takes over what others have learned, where little is known here; the level is the latest one's. */
  adopt(told: readonly ToldLatency[], now: number): void {
    if (!this.knowsLittle) return;
    for (const { samples, ageMs, level, curve, tail } of told) {
      this.#curve.adopt(curve);
      this.tail.adopt(tail);
      this.#samples += samples;
      if (now - ageMs <= this.#lastAt) continue;
      this.#level = Math.min(mostLevel, Math.max(leastLevel, level));
      this.#lastAt = now - ageMs;
    }
  }

  /** Who is asked once in a while because it was slow is believed sooner, or it would take many whiles. */
  #paceAt(now: number): number {
    return this.isDoubted(now) ? doubtedPace : levelPace;
  }

  #follow(ratio: number, pace: number): void {
    const level = this.#level + (Math.min(ratio, mostLevel) - this.#level) * pace;
    this.#level = Math.min(mostLevel, Math.max(leastLevel, level));
  }

  get #stale(): number {
    return this.#samples < few ? fewStaleMs : staleMs;
  }

  #levelAt(now: number): number {
    const level = this.#level;
    const age = now - this.#lastAt;
    if (age <= freshMs || !this.isMeasured) return level;
    const aged = level <= 1 ? level : 1 + (level - 1) * Math.exp((freshMs - age) / forgetMs);
    const stale = this.#stale;
    return age <= stale ? aged : aged * Math.max(leastLevel, 2 ** (1 - age / stale));
  }
}
