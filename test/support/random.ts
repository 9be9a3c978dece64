/** Everything random in a scene, drawn from one seed. */
export type Random = {
  /** 32 random bits as an unsigned integer. */
  readonly bits: () => number;
  readonly between: (low: number, high: number) => number;
  /** A whole number, both ends included. */
  readonly integer: (low: number, high: number) => number;
  readonly chance: (probability: number) => boolean;
};

/** A generator for which neighbouring seeds give unrelated streams (mulberry32 over a mixed seed). */
export function seededRandom(seed: number): Random {
  let state = mix(mix(seed) ^ Math.floor(seed / 2 ** 32));
  const bits = () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  };
  const between = (low: number, high: number) => low + (bits() / 2 ** 32) * (high - low);
  return {
    bits,
    between,
    integer: (low, high) => Math.floor(between(low, high + 1)),
    chance: (probability) => between(0, 1) < probability,
  };
}

function mix(seed: number): number {
  let word = seed | 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) + 0x9e3779b9;
}
