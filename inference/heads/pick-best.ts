/** More candidates than this only cost time: the published limit before suppression. */
export const maxCandidates = 30_000;

/**
 * The places of the scores above `conf`, best first, equal ones as they lie, and of more than the limit the best.
 * What is no number is no score. Linear in the scores, whatever they are.
 */
export function pickBest(scores: Float32Array, conf: number, limit = maxCandidates): Int32Array {
  // Positive floats are in the order of their bits, and everything that is no score lies outside of that range.
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  const most = Math.min(limit, maxCandidates);
  const floor = bitsOf(Math.max(conf, 0));
  const count = countAbove(bits, floor);
  const cut = count > most ? cutAt(bits, floor, most) : { above: floor, ties: 0 };
  return inOrder(bits, cut, Math.min(count, most));
}

/** Everything above it stays, and so many of those that equal it. */
type Cut = { readonly above: number; readonly ties: number };

const infinity = 0x7f_80_00_00;

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
}

function countAbove(bits: Uint32Array, floor: number): number {
  let count = 0;
  for (let place = 0; place < bits.length; place += 1) {
    const score = bits[place] ?? 0;
    if (score > floor && score < infinity) count += 1;
  }
  return count;
}

/** The score that the last one within the limit has, by its upper bits and then its lower ones. */
function cutAt(bits: Uint32Array, floor: number, limit: number): Cut {
  const upper = new Uint32Array(1 << 16);
  const lower = new Uint32Array(1 << 15);
  for (let place = 0; place < bits.length; place += 1) {
    const score = bits[place] ?? 0;
    if (score > floor && score < infinity) upper[score >>> 15] = (upper[score >>> 15] ?? 0) + 1;
  }
  const high = lastWithin(upper, limit);
  for (let place = 0; place < bits.length; place += 1) {
    const score = bits[place] ?? 0;
    if (score > floor && score >>> 15 === high.bucket)
      lower[score & 0x7f_ff] = (lower[score & 0x7f_ff] ?? 0) + 1;
  }
  const low = lastWithin(lower, high.room);
  return { above: high.bucket * 0x80_00 + low.bucket, ties: low.room };
}

/** Counting from the top: the bucket in which the limit is reached, and how many of it are within the limit. */
function lastWithin(buckets: Uint32Array, limit: number) {
  let room = limit;
  let bucket = buckets.length - 1;
  for (; bucket > 0 && (buckets[bucket] ?? 0) < room; bucket -= 1) room -= buckets[bucket] ?? 0;
  return { bucket, room };
}

/** Score and place in one number, since numbers sort many times faster without a comparing function. */
function inOrder(bits: Uint32Array, { above, ties }: Cut, count: number): Int32Array {
  const places = new Int32Array(count);
  const keys = new Float64Array(count);
  let found = 0;
  let equal = 0;
  for (let place = 0; found < count && place < bits.length; place += 1) {
    const score = bits[place] ?? 0;
    if (score < above || score >= infinity || (score === above && equal >= ties)) continue;
    if (score === above) equal += 1;
    places[found] = place;
    keys[found] = score * 0x80_00 + (0x7f_ff - found);
    found += 1;
  }
  keys.sort();
  const order = new Int32Array(count);
  for (let rank = 0; rank < count; rank += 1) {
    order[rank] = places[0x7f_ff - ((keys[count - 1 - rank] ?? 0) % 0x80_00)] ?? 0;
  }
  return order;
}
