import { expect, test } from "vitest";
import { area } from "../../support/box.ts";
import { digitAt, type Split } from "../../support/digits.ts";
import { type SceneOptions, scene } from "../../support/scenes.ts";

const small: SceneOptions = { width: 128, height: 128 };
const seeds = Array.from({ length: 20 }, (_, index) => 700_000 + index);

test("a seed makes the same scene every time", () => {
  expect(scene(7, small)).toEqual(scene(7, small));
});

test("neighbouring seeds and different splits make different pictures", () => {
  const pictures = [scene(7, small), scene(8, small), scene(7, { ...small, split: "held-out" })];
  const distinct = new Set(pictures.map(({ pixels }) => Buffer.from(pixels).toString("base64")));
  expect(distinct.size).toBe(3);
});

test.for([
  [160, 160],
  [333, 97],
  [64, 201],
  [16, 16],
  [1, 1],
] as const)("a scene of %i x %i pixels is full and holds its boxes", ([width, height]) => {
  for (const seed of [1, 2, 3]) {
    const made = scene(seed, { width, height });
    expect(made.pixels).toHaveLength(width * height * 3);
    for (const { box } of made.objects) {
      expect(Math.min(box.x1, box.y1, width - box.x2, height - box.y2)).toBeGreaterThanOrEqual(0);
      expect(Math.min(box.x2 - box.x1, box.y2 - box.y1)).toBeGreaterThan(0);
    }
  }
});

test("each label names a digit, and a scene holds no more of them than asked", () => {
  for (const seed of seeds) {
    const { objects } = scene(seed, { ...small, most: 3 });
    expect(objects.length).toBeLessThanOrEqual(3);
    for (const object of objects) expect(object.name).toBe(String(object.class));
  }
});

test("a box ends where the ink ends on all four sides", () => {
  const lonely = seeds.map((seed) => scene(seed, { ...small, unrest: 0, most: 1 }));
  expect(lonely.some(({ objects }) => objects.length === 1)).toBe(true);
  for (const { width, pixels, objects } of lonely) {
    for (const { box } of objects) {
      const column = (x: number) => contrast(pixels, width, { ...box, x1: x, x2: x + 1 });
      const row = (y: number) => contrast(pixels, width, { ...box, y1: y, y2: y + 1 });
      const inside = Math.min(column(box.x1), column(box.x2 - 1), row(box.y1), row(box.y2 - 1));
      expect(inside).toBeGreaterThan(15);
    }
  }
});

test("what shows of a digit is large enough to be one", () => {
  const boxes = seeds.flatMap((seed) => scene(seed, small).objects.map(({ box }) => box));
  expect(boxes.length).toBeGreaterThan(60);
  for (const box of boxes) {
    expect(Math.min(box.x2 - box.x1, box.y2 - box.y1)).toBeGreaterThanOrEqual(3);
    expect(area(box)).toBeGreaterThanOrEqual(24);
  }
});

test("no digit of one split is in another", () => {
  const sizes: readonly (readonly [split: Split, digits: number])[] = [
    ["train", 1157],
    ["validation", 130],
    ["held-out", 258],
    ["fine-tune-a", 122],
    ["fine-tune-b", 130],
  ];
  const offsets = sizes.flatMap(([split, digits]) =>
    Array.from({ length: digits }, (_, index) => digitAt(split, index).ink.byteOffset),
  );
  expect(new Set(offsets).size).toBe(1797);
  for (const [split, digits] of sizes) expect(digitAt(split, digits)).toEqual(digitAt(split, 0));
});

type Part = { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };

/** The distance between the brightest and the darkest green within a part of a picture. */
function contrast(pixels: Uint8Array, width: number, { x1, y1, x2, y2 }: Part): number {
  let [low, high] = [255, 0];
  for (let y = y1; y < y2; y++) {
    for (let x = x1; x < x2; x++) {
      const green = pixels[(y * width + x) * 3 + 1] ?? 0;
      low = Math.min(low, green);
      high = Math.max(high, green);
    }
  }
  return high - low;
}
