import type { Box } from "#inference/contract.ts";
import { area, sharedArea, tightBox } from "./box.ts";
import { photograph } from "./camera.ts";
import { type Canvas, inkOver, mixInto } from "./canvas.ts";
import { type Digit, digitAt, type Split } from "./digits.ts";
import { background, clutter } from "./paint-background.ts";
import { digitMask, type Mask, visibleInk } from "./paint-digit.ts";
import { type Random, seededRandom } from "./random.ts";

/** A labelled picture: RGB bytes row by row, and the tight box of each digit's visible ink. */
export type Scene = {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly objects: readonly { readonly name: string; readonly class: number; readonly box: Box }[];
};

export type SceneOptions = {
  readonly width?: number;
  readonly height?: number;
  readonly split?: Split;
  /** 0 is a clean sheet with strong ink; 1 is as noisy, faint and cluttered as the demo models train on. */
  readonly unrest?: number;
  /** At most this many digits; the scene's own draw may be lower. */
  readonly most?: number;
};

/** The scene of a seed: the same seed and options give the same bytes and boxes every time. */
export function scene(seed: number, options: SceneOptions = {}): Scene {
  const { width = 320, height = 320, split = "train", unrest = 1, most = 14 } = options;
  const random = seededRandom(seed);
  const canvas = background(width, height, unrest, random);
  clutter(canvas, Math.round(unrest * random.between(0, 9)), random);
  const placed = place({ width, height, split, most }, random);
  const owners = paint(canvas, placed, unrest, random);
  photograph(canvas, unrest, random);
  return { ...canvas, objects: visibleObjects(canvas, placed, owners) };
}

type Placed = { readonly digit: Digit; readonly mask: Mask; readonly box: Box };

type Layout = {
  readonly width: number;
  readonly height: number;
  readonly split: Split;
  readonly most: number;
};

function place({ width, height, split, most }: Layout, random: Random): Placed[] {
  const crowded = random.chance(0.3);
  const count = Math.min(most, crowded ? random.integer(8, 14) : random.integer(1, 8));
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const smallest = 0.075 * long;
  const largest = Math.min((crowded ? 0.17 : 0.36) * long, 0.6 * short);
  const room = crowded ? 0.1 : 0.03;
  const placed: Placed[] = [];
  for (let tries = 0; placed.length < count && tries < 5 * count; tries++) {
    const digit = digitAt(split, random.integer(0, 1e6));
    const mask = digitMask(digit, smallest * (largest / smallest) ** random.between(0, 1), random);
    const box = position(mask, { width, height }, crowded ? placed.at(-1)?.box : undefined, random);
    const inside = box.x1 >= 0 && box.y1 >= 0 && box.x2 <= width && box.y2 <= height;
    if (inside && placed.every((other) => overlap(other.box, box) <= room)) placed.push({ digit, mask, box });
  }
  return placed;
}

/** Crowded digits often follow the one before, as in a written number. */
function position(
  mask: Mask,
  { width, height }: { readonly width: number; readonly height: number },
  before: Box | undefined,
  random: Random,
): Box {
  let x1 = random.integer(0, Math.max(0, width - mask.width));
  let y1 = random.integer(0, Math.max(0, height - mask.height));
  if (before !== undefined && random.chance(0.6)) {
    x1 = Math.round(before.x2 + mask.width * random.between(-0.1, 0.3));
    y1 = Math.round((before.y1 + before.y2 - mask.height) / 2 + mask.height * random.between(-0.2, 0.2));
  }
  return { x1, y1, x2: x1 + mask.width, y2: y1 + mask.height };
}

/** The shared area as a part of the smaller box. */
function overlap(a: Box, b: Box): number {
  return sharedArea(a, b) / Math.min(area(a), area(b));
}

/** Returns who owns each pixel: the number of the digit whose ink shows there, counted from 1, or 0. */
function paint(canvas: Canvas, placed: readonly Placed[], unrest: number, random: Random): Uint8Array {
  const owners = new Uint8Array(canvas.width * canvas.height);
  placed.forEach(({ mask, box }, index) => {
    const contrast = 90 - 62 * unrest + 100 * random.between(0, 1) ** 1.6;
    const colour = inkOver(canvas, (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, contrast, random);
    mask.alpha.forEach((cover, pixel) => {
      const x = box.x1 + (pixel % mask.width);
      const y = box.y1 + Math.floor(pixel / mask.width);
      if (cover > 0) mixInto(canvas, x, y, colour, cover / 255);
      if (cover >= visibleInk) owners[y * canvas.width + x] = index + 1;
    });
  });
  return owners;
}

/** A digit that others cover wholly is none of the scene's objects. */
function visibleObjects({ width }: Canvas, placed: readonly Placed[], owners: Uint8Array): Scene["objects"] {
  return placed.flatMap(({ digit, box }, index) => {
    const visible = tightBox(box, (x, y) => owners[y * width + x] === index + 1);
    return visible === undefined ? [] : [{ name: String(digit.class), class: digit.class, box: visible }];
  });
}
