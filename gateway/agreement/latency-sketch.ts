/**
 * How long things took, counted in buckets that grow by a twentieth: any quantile of any number of times in 3 kB, at
 * most 2.5 % off, and two of them are added up by adding their buckets.
 */
export type Sketch = {
  /** What is no number is left out; what lies beyond the bounds counts at them. */
  readonly add: (ms: number, times?: number) => void;
  /** The smallest time that so large a part of all of them does not exceed; undefined while there are none. */
  readonly quantile: (q: number) => number | undefined;
  /** How many took longer, to within a bucket. */
  readonly above: (ms: number) => number;
  readonly count: () => number;
  /** Takes the other's times in; the other stays as it is. */
  readonly merge: (other: Pick<Sketch, "buckets">) => void;
  /** Read it only. */
  readonly buckets: Float64Array;
  /** A few numbers, however many times were added. */
  readonly toJSON: () => readonly number[];
};

const off = 0.025;
const growth = Math.log((1 + off) / (1 - off));

/** A twentieth of a millisecond: what is shorter is not told apart. */
const shortestMs = 0.05;
const longestMs = 3_600_000;
const size = Math.ceil(Math.log(longestMs / shortestMs) / growth) + 1;

/** Names how the buckets lie, so that numbers that were written otherwise are not taken for these. */
const layout = 1;

export function createSketch(): Sketch {
  const buckets = new Float64Array(size);
  let count = 0;
  return {
    buckets,
    count: () => count,
    add: (ms, times = 1) => {
      if (Number.isNaN(ms) || !(times > 0) || times === Number.POSITIVE_INFINITY) return;
      const place = placeOf(ms);
      buckets[place] = (buckets[place] ?? 0) + times;
      count += times;
    },
    quantile: (q) => quantileOf(buckets, count, q),
    above: (ms) => {
      let longer = 0;
      for (let place = placeOf(ms) + 1; place < size; place += 1) longer += buckets[place] ?? 0;
      return longer;
    },
    merge: (other) => {
      for (let place = 0; place < size; place += 1) {
        const more = other.buckets[place] ?? 0;
        buckets[place] = (buckets[place] ?? 0) + more;
        count += more;
      }
    },
    toJSON: () => written(buckets),
  };
}

/** What `toJSON` wrote; undefined where it is anything else. */
export function sketchFromJson(json: unknown): Sketch | undefined {
  if (!Array.isArray(json) || json[0] !== layout || json.length > size + 1) return undefined;
  const sketch = createSketch();
  let place = 0;
  for (let at = 1; at < json.length; at += 1) {
    const number: unknown = json[at];
    if (typeof number !== "number" || !Number.isFinite(number)) return undefined;
    if (number < 0 && !Number.isInteger(number)) return undefined;
    if (number > 0) sketch.add(middleOf(place), number);
    place += number < 0 ? -number : 1;
    if (place > size) return undefined;
  }
  return sketch;
}

/** The bucket of a time: the first holds all up to the shortest, and each other what is longer than its lower end. */
function placeOf(ms: number): number {
  if (!(ms > shortestMs)) return 0;
  return Math.min(size - 1, Math.ceil(Math.log(ms / shortestMs) / growth));
}

/** As far from either end of its bucket, as a part of what it stands for. */
function middleOf(place: number): number {
  return shortestMs * Math.exp(place * growth) * (1 - off);
}

function quantileOf(buckets: Float64Array, count: number, q: number): number | undefined {
  if (!(count > 0) || Number.isNaN(q)) return undefined;
  // Fractions of times that were added up may miss the whole by a hair.
  const wanted = Math.max(Math.min(q, 1) * count, 0) * (1 - 1e-12);
  let [seen, last] = [0, 0];
  for (let place = 0; place < size; place += 1) {
    const here = buckets[place] ?? 0;
    if (here === 0) continue;
    seen += here;
    last = place;
    if (seen >= wanted) break;
  }
  return middleOf(last);
}

/** Each bucket's count in a row; so many empty ones are one negative number, and those at the end are left out. */
function written(buckets: Float64Array): number[] {
  const numbers = [layout];
  let empty = 0;
  for (const count of buckets) {
    if (count === 0) {
      empty += 1;
      continue;
    }
    if (empty > 0) numbers.push(-empty);
    empty = 0;
    numbers.push(count);
  }
  return numbers;
}
