import type { FloatTensor } from "#inference/contract.ts";
import type { Random } from "#test/support/random.ts";

/** A tensor [1, numbers, anchors] from the numbers of each anchor. */
export function anchorsTensor(anchors: readonly (readonly number[])[]): FloatTensor {
  const rows = anchors[0]?.length ?? 0;
  const data = new Float32Array(rows * anchors.length);
  anchors.forEach((anchor, place) => {
    anchor.forEach((value, row) => {
      data[row * anchors.length + place] = value;
    });
  });
  return { datatype: "FP32", shape: [1, rows, anchors.length], data };
}

/** A tensor [1, rows, numbers] as it lies. */
export function rowsTensor(rows: readonly (readonly number[])[]): FloatTensor {
  return {
    datatype: "FP32",
    shape: [1, rows.length, rows[0]?.length ?? 0],
    data: Float32Array.from(rows.flat()),
  };
}

/** Centre and size in a few heaps, so that many overlap; sometimes empty, and sometimes no box at all. */
export function randomFour(random: Random, { odd = 0.03 } = {}): number[] {
  const heap = random.integer(0, 3) * 40 + 40;
  const four = [
    heap + random.between(-9, 9),
    heap + random.between(-9, 9),
    random.chance(odd) ? 0 : random.between(5, 50),
    random.between(5, 50),
  ];
  if (random.chance(odd)) four[random.integer(0, 3)] = oddNumber(random);
  return four;
}

/** On a coarse grid, so that some are equal; sometimes no score at all. */
export function randomScore(random: Random, { odd = 0.03 } = {}): number {
  return random.chance(odd) ? oddNumber(random) : random.integer(0, 200) / 200;
}

function oddNumber(random: Random): number {
  return [Number.NaN, Infinity, -Infinity, -1][random.integer(0, 3)] ?? 0;
}
