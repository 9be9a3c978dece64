/** What the colour model computes, in plain words: images [rows, 3, 64, 64] in, boxes [rows, 7, 4] out. */
export function colourBoxes(data: readonly number[], rows: number): number[] {
  return meansOf(data, rows).flatMap(boxesOf);
}

function meansOf(data: readonly number[], rows: number): number[][] {
  const side = 64 * 64;
  const mean = (from: number) => data.slice(from, from + side).reduce((sum, value) => sum + value, 0) / side;
  return Array.from({ length: rows }, (_, row) => [0, 1, 2].map((colour) => mean((3 * row + colour) * side)));
}

/** [7, 4]: the same square for each of four anchors, then one score for each of the first three. */
function boxesOf([red = 0, green = 0, blue = 0]: readonly number[]): number[] {
  return [...new Array<number>(16).fill(32), red, 0, 0, 0, 0, green, 0, 0, 0, 0, blue, 0];
}

/** The number that sixteen bits stand for. */
export function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1_023];
  if (exponent === 31) return fraction === 0 ? sign / 0 : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1_024);
}

/** The bits of a number from 0 to 64, cut rather than rounded. */
export function toHalf(value: number): number {
  if (value < 2 ** -14) return Math.floor(value * 2 ** 24);
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) + Math.floor((value / 2 ** exponent - 1) * 1_024);
}
