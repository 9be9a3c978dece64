import { type Canvas, type Colour, clamp, inkOver, mixInto, tinted } from "./canvas.ts";
import type { Random } from "./random.ts";

/** A new canvas with a colour gradient and texture on it; `unrest` 0 to 1 is how strong the texture may be. */
export function background(width: number, height: number, unrest: number, random: Random): Canvas {
  const canvas = { width, height, pixels: new Uint8Array(width * height * 3) };
  const from = tinted(random.between(25, 230), 50, random);
  const to = tinted(clamp((from[0] + from[1] + from[2]) / 3 + random.between(-60, 60)), 50, random);
  const angle = random.between(0, 2 * Math.PI);
  const long = Math.max(width, height);
  const relief = new Float32Array(width * height).fill(0.5);
  for (const [smallest, largest, depth] of [
    [0.06, 0.3, 26],
    [0.008, 0.03, 14],
  ] as const) {
    const cell = long * random.between(smallest, largest);
    addTexture({ relief, width, height }, cell, unrest * random.between(0, depth), random);
  }
  fillGradient(
    canvas,
    { from, to, acrossX: Math.cos(angle) / long, acrossY: Math.sin(angle) / long },
    relief,
  );
  return canvas;
}

type Gradient = {
  readonly from: Colour;
  readonly to: Colour;
  readonly acrossX: number;
  readonly acrossY: number;
};

function fillGradient({ width, height, pixels }: Canvas, gradient: Gradient, relief: Float32Array): void {
  const { from, to, acrossX, acrossY } = gradient;
  for (let channel = 0; channel < 3; channel++) {
    const low = from[channel] ?? 0;
    const span = (to[channel] ?? 0) - low;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const along = 0.5 + (x - width / 2) * acrossX + (y - height / 2) * acrossY;
        const pixel = y * width + x;
        pixels[pixel * 3 + channel] = clamp(low + span * along + (relief[pixel] ?? 0));
      }
    }
  }
}

type Relief = { readonly relief: Float32Array; readonly width: number; readonly height: number };

/** Adds random heights, one every `cell` pixels and blended in between. */
function addTexture({ relief, width, height }: Relief, cell: number, strength: number, random: Random): void {
  const columns = Math.ceil(width / cell) + 2;
  const knots = new Float32Array(columns * (Math.ceil(height / cell) + 2));
  for (let index = 0; index < knots.length; index++) knots[index] = random.between(-strength, strength);
  const line = new Float32Array(columns);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / cell);
    const down = y / cell - row;
    for (let column = 0; column < columns; column++) {
      const knot = row * columns + column;
      line[column] = (knots[knot] ?? 0) * (1 - down) + (knots[knot + columns] ?? 0) * down;
    }
    for (let x = 0; x < width; x++) {
      const column = Math.floor(x / cell);
      const right = x / cell - column;
      const height = (line[column] ?? 0) * (1 - right) + (line[column + 1] ?? 0) * right;
      relief[y * width + x] = (relief[y * width + x] ?? 0) + height;
    }
  }
}

/** Strokes and spots that are no digits, each about as strong as ink. */
export function clutter(canvas: Canvas, count: number, random: Random): void {
  const long = Math.max(canvas.width, canvas.height);
  for (let index = 0; index < count; index++) {
    const [x, y] = [random.between(0, canvas.width), random.between(0, canvas.height)];
    const colour = inkOver(canvas, x, y, random.between(15, 90), random);
    const spot = random.chance(0.3);
    const radius = long * (spot ? random.between(0.01, 0.05) : random.between(0.003, 0.014));
    const reach = spot ? 0 : long * random.between(0.03, 0.4);
    const heading = random.between(0, 2 * Math.PI);
    dragBrush(canvas, { x, y, heading, turn: random.between(-6, 6) / long, radius, reach }, colour);
  }
}

type Stroke = {
  readonly x: number;
  readonly y: number;
  readonly heading: number;
  /** How far the heading turns for every pixel of the way. */
  readonly turn: number;
  readonly radius: number;
  readonly reach: number;
};

function dragBrush(canvas: Canvas, { turn, radius, reach, ...start }: Stroke, colour: Colour): void {
  let { x, y, heading } = start;
  const stride = Math.max(1, radius * 0.6);
  for (let done = 0; done <= reach; done += stride) {
    dab(canvas, x, y, radius, colour);
    x += Math.cos(heading) * stride;
    y += Math.sin(heading) * stride;
    heading += turn * stride;
  }
}

function dab(canvas: Canvas, x: number, y: number, radius: number, colour: Colour): void {
  const right = Math.min(canvas.width - 1, Math.ceil(x + radius));
  const bottom = Math.min(canvas.height - 1, Math.ceil(y + radius));
  for (let row = Math.max(0, Math.floor(y - radius)); row <= bottom; row++) {
    for (let column = Math.max(0, Math.floor(x - radius)); column <= right; column++) {
      const cover = radius + 0.5 - Math.sqrt((column - x) ** 2 + (row - y) ** 2);
      if (cover > 0) mixInto(canvas, column, row, colour, Math.min(1, cover));
    }
  }
}
