import type { Random } from "./random.ts";

/** RGB pixels, rows from the top, three bytes a pixel. */
export type Canvas = { readonly width: number; readonly height: number; readonly pixels: Uint8Array };

export type Colour = readonly [red: number, green: number, blue: number];

/** Mixes a colour into one pixel; `cover` 0 leaves the pixel, 1 replaces it. */
export function mixInto(
  { width, pixels }: Canvas,
  x: number,
  y: number,
  colour: Colour,
  cover: number,
): void {
  const start = (y * width + x) * 3;
  for (let channel = 0; channel < 3; channel++) {
    const before = pixels[start + channel] ?? 0;
    pixels[start + channel] = before + ((colour[channel] ?? 0) - before) * cover + 0.5;
  }
}

/** A colour that differs from what lies around a point by `contrast` in brightness, and at random in hue. */
export function inkOver(canvas: Canvas, x: number, y: number, contrast: number, random: Random): Colour {
  const ground = brightness(canvas, x, y);
  const lighter = ground + contrast > 250 ? false : ground - contrast < 5 ? true : random.chance(0.5);
  return tinted(ground + (lighter ? contrast : -contrast), random.between(0, 40), random);
}

/** A colour of a given brightness, up to `tint` away from grey. */
export function tinted(level: number, tint: number, random: Random): Colour {
  const [red, blue] = [random.between(-tint, tint), random.between(-tint, tint)];
  const green = -(0.299 * red + 0.114 * blue) / 0.587;
  return [clamp(level + red), clamp(level + green), clamp(level + blue)];
}

export function clamp(level: number): number {
  return level < 0 ? 0 : level > 255 ? 255 : level;
}

function brightness({ width, height, pixels }: Canvas, x: number, y: number): number {
  const reach = Math.max(2, Math.round(Math.max(width, height) / 60));
  let sum = 0;
  for (let row = -2; row <= 2; row++) {
    for (let column = -2; column <= 2; column++) {
      const atX = Math.min(width - 1, Math.max(0, Math.round(x) + column * reach));
      const atY = Math.min(height - 1, Math.max(0, Math.round(y) + row * reach));
      const start = (atY * width + atX) * 3;
      sum +=
        (pixels[start] ?? 0) * 0.299 + (pixels[start + 1] ?? 0) * 0.587 + (pixels[start + 2] ?? 0) * 0.114;
    }
  }
  return sum / 25;
}
