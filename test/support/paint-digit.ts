import { area, tightBox } from "./box.ts";
import type { Digit } from "./digits.ts";
import type { Random } from "./random.ts";

/** How much ink covers each pixel, 0 to 255, cropped to where there is any. */
export type Mask = { readonly width: number; readonly height: number; readonly alpha: Uint8Array };

/** From this cover on a pixel counts as ink: boxes are drawn around such pixels. */
export const visibleInk = 96;

const faintestInk = 8;

/** A digit is enlarged once, with an empty margin around its 8 x 8 cells, and sampled from that. */
const grid = 8;
const margin = 2;
const steps = 6;
const fineSide = (grid + 2 * margin) * steps;

/** A digit about `size` pixels tall as another hand could have written it: turned, sheared, bent, thicker or thinner. */
export function digitMask(digit: Digit, size: number, random: Random): Mask {
  const inkAt = handwriting(enlarge(digit.ink), size, random);
  const threshold = random.between(0.34, 0.55);
  const softness = random.between(0.12, 0.35);
  const side = 2 * Math.ceil(size * 0.95) + 1;
  const alpha = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const ink = inkAt(x - side / 2 + 0.5, y - side / 2 + 0.5);
      const ramp = (ink - threshold) / softness + 0.5;
      alpha[y * side + x] = ramp <= 0 ? 0 : ramp >= 1 ? 255 : 255 * ramp * ramp * (3 - 2 * ramp);
    }
  }
  return crop({ width: side, height: side, alpha });
}

/** Looks up the ink at a distance in pixels from the digit's middle, as this writing bends it. */
function handwriting(fine: Float32Array, size: number, random: Random): (x: number, y: number) => number {
  const angle = (random.between(-1, 1) * 28 * Math.PI) / 180;
  const shear = random.between(-0.25, 0.25);
  const stretch = random.between(0.8, 1.2);
  const bend = random.between(0, 0.35) * steps;
  const wave = random.between(0.04, 0.1);
  const phase = random.between(0, 2 * Math.PI);
  const scale = (grid * steps) / size;
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const reach = (grid / 2 + 1) * steps + bend;
  return (x, y) => {
    const down = -sin * x + cos * y;
    const across = (cos * x + sin * y - shear * down) / stretch;
    if (Math.abs(across) > reach || Math.abs(down) > reach) return 0;
    const u = across + bend * Math.sin(wave * down + phase);
    const v = down + bend * Math.sin(wave * across - phase);
    return sample(fine, u + fineSide / 2 - 0.5, v + fineSide / 2 - 0.5);
  };
}

function enlarge(ink: Uint8Array): Float32Array {
  const cells = grid + 2 * margin;
  const rows = new Float32Array(cells * fineSide);
  for (let y = 0; y < grid; y++) {
    for (let u = 0; u < fineSide; u++) {
      const cell = (x: number) => (x < 0 || x >= grid ? 0 : (ink[y * grid + x] ?? 0) / 16);
      rows[(y + margin) * fineSide + u] = cubic(cell, (u + 0.5) / steps - 0.5 - margin);
    }
  }
  const fine = new Float32Array(fineSide * fineSide);
  for (let v = 0; v < fineSide; v++) {
    for (let u = 0; u < fineSide; u++) {
      const cell = (y: number) => (y < 0 || y >= cells ? 0 : (rows[y * fineSide + u] ?? 0));
      fine[v * fineSide + u] = cubic(cell, (v + 0.5) / steps - 0.5);
    }
  }
  return fine;
}

/** Catmull-Rom: passes through the samples, which keeps thin strokes thin. */
function cubic(at: (index: number) => number, position: number): number {
  const index = Math.floor(position);
  const t = position - index;
  const a = at(index - 1);
  const b = at(index);
  const c = at(index + 1);
  const d = at(index + 2);
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

function sample(fine: Float32Array, u: number, v: number): number {
  const x = Math.floor(u);
  const y = Math.floor(v);
  if (x < 0 || y < 0 || x >= fineSide - 1 || y >= fineSide - 1) return 0;
  const start = y * fineSide + x;
  const right = u - x;
  const down = v - y;
  const upper = (fine[start] ?? 0) * (1 - right) + (fine[start + 1] ?? 0) * right;
  const lower = (fine[start + fineSide] ?? 0) * (1 - right) + (fine[start + fineSide + 1] ?? 0) * right;
  return upper * (1 - down) + lower * down;
}

function crop({ width, height, alpha }: Mask): Mask {
  const covered = (x: number, y: number) => (alpha[y * width + x] ?? 0) >= faintestInk;
  const bounds = tightBox({ x1: 0, y1: 0, x2: width, y2: height }, covered);
  if (bounds === undefined) return { width: 0, height: 0, alpha: new Uint8Array(0) };
  const { x1, y1, x2, y2 } = bounds;
  const cropped = new Uint8Array(area(bounds));
  for (let y = y1; y < y2; y++) {
    cropped.set(alpha.subarray(y * width + x1, y * width + x2), (y - y1) * (x2 - x1));
  }
  return { width: x2 - x1, height: y2 - y1, alpha: cropped };
}
