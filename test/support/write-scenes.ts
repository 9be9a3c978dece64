import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isSplit, type Split } from "./digits.ts";
import { shapeAt } from "./scene-shapes.ts";
import { type Scene, scene } from "./scenes.ts";

const side = 320;
const bar = 114;

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    count: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    split: { type: "string", default: "train" },
  },
});
const { out, split } = values;
const [count, seed] = [Number(values.count), Number(values.seed)];
if (out === undefined || !isSplit(split) || !Number.isInteger(count) || !Number.isInteger(seed)) {
  console.error(
    "Usage: node test/support/write-scenes.ts --out DIRECTORY [--count N] [--seed N] [--split NAME]\n" +
      "Splits: train, validation, held-out, fine-tune-a, fine-tune-b.",
  );
  process.exit(2);
}

writeScenes(out, { count, seed, split });

/**
 * Writes `images.bin` (count x 320 x 320 x 3 bytes) and `labels.json` (per scene a list of
 * `[class, x1, y1, x2, y2]` in pixels of that square); scene number i has the seed `seed + i`.
 */
function writeScenes(
  directory: string,
  { count, seed, split }: { readonly count: number; readonly seed: number; readonly split: Split },
): void {
  mkdirSync(directory, { recursive: true });
  const file = openSync(join(directory, "images.bin"), "w");
  const labels: number[][][] = [];
  for (let index = 0; index < count; index++) {
    const [width, height] = shapeAt(index);
    const made = scene(seed + index, { width, height, split });
    const [left, top] = [(side - width) / 2, (side - height) / 2];
    writeSync(file, letterboxed(made, left, top));
    labels.push(
      made.objects.map(({ class: digit, box }) => [
        digit,
        box.x1 + left,
        box.y1 + top,
        box.x2 + left,
        box.y2 + top,
      ]),
    );
  }
  closeSync(file);
  writeFileSync(join(directory, "labels.json"), JSON.stringify(labels));
}

function letterboxed({ width, height, pixels }: Scene, left: number, top: number): Uint8Array {
  if (width === side && height === side) return pixels;
  const square = new Uint8Array(side * side * 3).fill(bar);
  for (let y = 0; y < height; y++) {
    square.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), ((y + top) * side + left) * 3);
  }
  return square;
}
