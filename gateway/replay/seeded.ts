/** Draws that a seed decides: the same seed and the same calls give the same numbers, on every machine. */
export type Seeded = {
  /** Even over [0, 1), with 53 bits. */
  readonly number: () => number;
  /** Mean 0, deviation 1. */
  readonly normal: () => number;
  /** Mean 1. */
  readonly exponential: () => number;
  /** Of scale 1, so mean and variance are both the shape. */
  readonly gamma: (shape: number) => number;
  /** A stream of its own, decided by this one's seed and the label alone: what was drawn before doesn't matter. */
  readonly fork: (label: string | number) => Seeded;
};

/** A generator for which neighbouring seeds give unrelated streams (xoshiro128** over a mixed seed). */
export function createSeeded(seed: number): Seeded {
  const [low = 0, high = 0] = new Uint32Array(new Float64Array([seed + 0]).buffer);
  return seededBy({ low, high });
}

/** Sixty-four bits that decide a stream. */
type Key = { readonly low: number; readonly high: number };

function seededBy(key: Key): Seeded {
  const bits = createBits(key);
  const number = () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53;
  const normal = createNormal(number);
  return {
    number,
    normal,
    exponential: () => -Math.log(1 - number()),
    gamma: (shape) => drawGamma(shape, { number, normal }),
    fork: (label) => seededBy(forkKey(key, label)),
  };
}

/** Thirty-two bits a call, with a period of 2^128 - 1. */
function createBits({ low, high }: Key): () => number {
  let a = mix(low ^ 0x9e3779b9);
  let b = mix(high ^ a);
  let c = mix(low ^ b);
  // The one state that never moves is all zeros, so one word is never zero.
  let d = mix(high ^ c) | 1;
  return () => {
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return scrambled >>> 0;
  };
}

/** Marsaglia's polar method, which gives two at a time: the second is kept for the next call. */
function createNormal(number: () => number): () => number {
  let kept: number | undefined;
  return () => {
    if (kept !== undefined) {
      const spare = kept;
      kept = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * number() - 1;
      const y = 2 * number() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const stretch = Math.sqrt((-2 * Math.log(square)) / square);
      kept = y * stretch;
      return x * stretch;
    }
  };
}

/** Marsaglia and Tsang's squeeze; a shape below 1 is drawn one higher and pulled down. */
function drawGamma(shape: number, { number, normal }: Pick<Seeded, "number" | "normal">): number {
  if (!(shape > 0 && shape < Infinity)) throw new RangeError(`a gamma's shape is above 0, not ${shape}`);
  if (shape < 1) return drawGamma(shape + 1, { number, normal }) * (1 - number()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - number()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v;
  }
}

function forkKey({ low, high }: Key, label: string | number): Key {
  const text = `${typeof label} ${label}`;
  let first = mix(low ^ 0x2545f491);
  let second = mix(high ^ 0x6c8e9cf5);
  for (let index = 0; index < text.length; index++) {
    first = Math.imul(first ^ text.charCodeAt(index), 0x01000193);
    second = Math.imul(second ^ text.charCodeAt(index), 0x5bd1e995) ^ (second >>> 15);
  }
  return { low: mix(first ^ second), high: mix(second ^ rotate(first, 16)) };
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function mix(seed: number): number {
  let word = (seed + 0x9e3779b9) | 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
