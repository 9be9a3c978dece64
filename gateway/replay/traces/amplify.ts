import type { Seeded } from "../seeded.ts";
import { createSeeded } from "../seeded.ts";
import { type Arrivals, inOrder, meanRps, mustFit } from "./arrivals.ts";

export type AmplifyOptions = {
  readonly copies: number;
  readonly seed: number;
  /** How much later than the original a copy comes at most. */
  readonly jitterMs?: number;
};

/**
 * Every request so many times, as if so many equal crowds had come at once: the original where it was, each copy up to
 * a second later. Requests are never drawn anew from their distribution, which would spread the bursts out.
 */
export function amplify(arrivals: Arrivals, { copies, seed, jitterMs = 1000 }: AmplifyOptions): Arrivals {
  if (!(Number.isInteger(copies) && copies >= 1))
    throw new RangeError(`there is no trace of ${copies} copies`);
  const count = arrivals.count * copies;
  mustFit(count);
  const [atMs, bytes] = [new Float64Array(count), new Float64Array(count)];
  const of = new Uint16Array(arrivals.models ? count : 0);
  const seeded = createSeeded(seed);
  for (let copy = 0; copy < copies; copy++) {
    const offset = copy * arrivals.count;
    atMs.set(copy === 0 ? arrivals.atMs : later(arrivals.atMs, jitterMs, seeded.fork(copy)), offset);
    bytes.set(arrivals.bytes, offset);
    if (arrivals.models) of.set(arrivals.models.of, offset);
  }
  const models = arrivals.models && { models: { names: arrivals.models.names, of } };
  return inOrder({ count, atMs, bytes, ...models });
}

/** What came from one moment to just before another, counted from the first. */
export function slice({ atMs, bytes, models }: Arrivals, fromMs: number, toMs: number): Arrivals {
  const from = firstNotBefore(atMs, fromMs);
  const to = Math.max(from, firstNotBefore(atMs, toMs));
  return {
    count: to - from,
    atMs: atMs.subarray(from, to).map((ms) => ms - fromMs),
    bytes: bytes.subarray(from, to),
    ...(models && { models: { names: models.names, of: models.of.subarray(from, to) } }),
  };
}

export type ScaleOptions = Omit<AmplifyOptions, "copies"> & {
  readonly rps: number;
  /** How long the recording lasts, where that is longer than to its last request. */
  readonly spanMs?: number;
};

/**
 * The trace at another mean rate: as many copies as come nearest, and the clock run a little faster or slower for what
 * is left. From 1 copy on the clock changes by a third at most; a rate below the trace's own only slows the clock.
 */
export function scaleRate(arrivals: Arrivals, { rps, spanMs, ...options }: ScaleOptions): Arrivals {
  const own = meanRps(arrivals, spanMs);
  if (!(rps > 0 && own > 0)) throw new RangeError(`a rate of ${own} a second cannot become ${rps}`);
  const copies = Math.max(1, Math.round(rps / own));
  mustFit(arrivals.count * copies);
  const stretch = (own * copies) / rps;
  return amplify({ ...arrivals, atMs: arrivals.atMs.map((ms) => ms * stretch) }, { ...options, copies });
}

function later(atMs: Float64Array, jitterMs: number, seeded: Seeded): Float64Array {
  return atMs.map((ms) => ms + seeded.number() * jitterMs);
}

function firstNotBefore(atMs: Float64Array, ms: number): number {
  let [low, high] = [0, atMs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((atMs[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
