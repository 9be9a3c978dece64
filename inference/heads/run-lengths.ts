/** The pixels of a mask that are set, column by column from the top, as ascending pairs of a first and a next one. */
export type Runs = number[];

/** Adds pixels after all that are there; what touches the last run makes it longer. */
export function addRun(runs: Runs, first: number, next: number): void {
  if (runs.length > 0 && runs[runs.length - 1] === first) runs[runs.length - 1] = next;
  else runs.push(first, next);
}

/**
 * COCO's compressed run lengths: how many pixels are clear, set, clear and so on, each after the third as its
 * difference to the one two before, in groups of five bits from the lowest, as text.
 */
export function compressRuns(runs: Readonly<Runs>, pixels: number): string {
  const text = Buffer.allocUnsafe(7 * (runs.length + 1));
  let length = 0;
  let [earlier, previous, at] = [0, 0, 0];
  const end = (runs.at(-1) ?? 0) < pixels || pixels === 0 ? runs.length + 1 : runs.length;
  for (let index = 0; index < end; index += 1) {
    const next = runs[index] ?? pixels;
    const count = next - at;
    length = writeNumber(text, length, index > 2 ? count - earlier : count);
    [earlier, previous, at] = [previous, count, next];
  }
  return text.toString("latin1", 0, length);
}

/** Five bits a character, and a sixth that says whether more follow; the last group's highest bit is the sign. */
function writeNumber(text: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  for (;;) {
    const group = rest & 31;
    rest >>= 5;
    const isLast = group & 16 ? rest === -1 : rest === 0;
    text[at] = 48 + (isLast ? group : group | 32);
    at += 1;
    if (isLast) return at;
  }
}
