import { expect, test } from "vitest";
import type { Box, FloatTensor, ImageSize } from "#inference/contract.ts";
import { createMasks } from "#inference/heads/mask.ts";
import type { Seen } from "#inference/heads/on-image.ts";
import { letterbox } from "#inference/image/letterbox.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { plainMask, readRuns } from "./plain-masks.ts";

function prototypes(
  layers: number,
  height: number,
  width: number,
  value: (at: number) => number,
): FloatTensor {
  const data = Float32Array.from({ length: layers * height * width }, (_, at) => value(at));
  return { datatype: "FP32", shape: [1, layers, height, width], data };
}

const seenAs = (image: ImageSize, input: ImageSize): Seen => ({ image, letterbox: letterbox(image, input) });
const eight = { width: 8, height: 8 };
const whole = (image: ImageSize): Box => ({ x1: 0, y1: 0, x2: image.width, y2: image.height });

/** Rows of the image, a hash where the mask is set. */
function picture(mask: string, { width, height }: ImageSize): string[] {
  const pixels = readRuns(mask);
  expect(pixels).toHaveLength(width * height);
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (pixels[x * height + y] ? "#" : ".")).join(""),
  );
}

test("a mask is set where the weighted prototypes are above zero, and within its box alone", () => {
  const left = prototypes(1, 4, 4, (at) => (at % 4 < 2 ? 1 : -1));
  const maskOf = createMasks(left, seenAs(eight, eight));
  const rows = (weight: number, box: Box) => picture(maskOf(Float32Array.of(weight), box), eight);
  expect(rows(1, whole(eight))).toEqual(new Array(8).fill("####...."));
  expect(rows(-1, whole(eight))).toEqual(new Array(8).fill("....####"));
  expect(rows(1, { x1: 1, y1: 6, x2: 6, y2: 8 })).toEqual([
    ...new Array(6).fill("........"),
    ".###....",
    ".###....",
  ]);
});

test("a box belongs to the pixels from its start up to its end, as published", () => {
  const maskOf = createMasks(
    prototypes(1, 2, 2, () => 1),
    seenAs(eight, eight),
  );
  const [row] = picture(maskOf(Float32Array.of(1), { x1: 1.2, y1: 0, x2: 4.2, y2: 1 }), eight);
  expect(row).toBe("..###...");
  expect(picture(maskOf(Float32Array.of(1), { x1: 3, y1: 3, x2: 3, y2: 3 }), eight)).toEqual(
    new Array(8).fill("........"),
  );
});

test("grey that the letterbox put around an image is no part of its masks", () => {
  const image = { width: 16, height: 8 };
  const lower = prototypes(1, 4, 4, (at) => (at < 8 ? -1 : 1));
  const maskOf = createMasks(lower, seenAs(image, eight));
  const rows = picture(maskOf(Float32Array.of(1), whole(image)), image);
  expect(rows.map((row) => row[0])).toEqual([".", ".", ".", ".", "#", "#", "#", "#"]);
});

test("weights and prototypes that are no numbers make an empty mask, and endless ones a full one", () => {
  const maskOf = createMasks(
    prototypes(1, 2, 2, () => 1),
    seenAs(eight, eight),
  );
  const first = (weight: number) => picture(maskOf(Float32Array.of(weight), whole(eight)), eight)[0];
  expect([Number.NaN, -Infinity, Infinity].map(first)).toEqual(["........", "........", "########"]);
});

test("masks that take too long to be drawn are refused, however many there are", () => {
  const chess = prototypes(1, 8, 8, (at) => ((at + (at >> 3)) % 2 ? 1 : -1));
  const maskOf = createMasks(chess, seenAs(eight, eight), { maxSteps: 150 });
  const draw = () => maskOf(Float32Array.of(1), whole(eight));
  draw();
  draw();
  expect(draw).toThrow(expect.objectContaining({ code: "image_too_large" }));
});

function randomBox(random: Random, { width, height }: ImageSize): Box {
  const [x1, y1] = [random.between(0, width), random.between(0, height)];
  if (random.chance(0.3)) return whole({ width, height });
  return { x1, y1, x2: random.between(x1, width), y2: random.between(y1, height) };
}

test("masks agree with plain ones, drawn pixel by pixel, on random images and prototypes", () => {
  const random = seededRandom(61);
  let set = 0;
  for (let round = 0; round < 120; round += 1) {
    const image = { width: random.integer(1, 60), height: random.integer(1, 60) };
    const seen = seenAs(image, { width: random.integer(8, 40), height: random.integer(8, 40) });
    const odd = random.chance(0.1) ? [Number.NaN, Infinity, -Infinity][random.integer(0, 2)] : undefined;
    const value = () => (odd !== undefined && random.chance(0.1) ? odd : random.integer(-3, 3));
    const layers = random.integer(1, 3);
    const table = prototypes(layers, random.integer(1, 12), random.integer(1, 12), value);
    const coefficients = Float32Array.from({ length: layers }, () => random.between(-1, 1));
    const box = randomBox(random, image);
    const mask = readRuns(createMasks(table, seen)(coefficients, box));
    expect(mask).toEqual(plainMask(table, coefficients, box, seen));
    set += mask.filter(Boolean).length;
  }
  expect(set).toBeGreaterThan(1_000);
});
