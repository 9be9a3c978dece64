import { type Canvas, clamp } from "./canvas.ts";
import type { Random } from "./random.ts";

/** What a lens and a sensor do to a picture, in place: a little blur, a little noise; `unrest` 0 to 1 scales both. */
export function photograph(canvas: Canvas, unrest: number, random: Random): void {
  if (random.chance(0.7)) blur(canvas, random.between(0.08, 0.16 + 0.14 * unrest));
  if (unrest > 0) addNoise(canvas, unrest * random.between(0, 17), random);
}

/** Mixes every pixel with its neighbours, farther ones in larger pictures; the outermost pixels stay sharp. */
function blur({ width, height, pixels }: Canvas, weight: number): void {
  const reach = Math.max(1, Math.round(Math.max(width, height) / 320));
  const [step, rowBytes] = [3 * reach, 3 * width];
  const across = pixels.slice();
  for (let y = 0; y < height; y++) {
    for (let index = y * rowBytes + step; index < (y + 1) * rowBytes - step; index++) {
      pixels[index] = mixed(across, index, step, weight);
    }
  }
  const down = pixels.slice();
  for (let index = reach * rowBytes; index < pixels.length - reach * rowBytes; index++) {
    pixels[index] = mixed(down, index, reach * rowBytes, weight);
  }
}

function mixed(levels: Uint8Array, index: number, step: number, weight: number): number {
  const sides = (levels[index - step] ?? 0) + (levels[index + step] ?? 0);
  return (levels[index] ?? 0) * (1 - 2 * weight) + sides * weight + 0.5;
}

/** 256 equally likely values of a normal variable of deviation 1. */
const normal = Float32Array.from({ length: 256 }, (_, index) => quantile((index + 0.5) / 256));

function addNoise({ pixels }: Canvas, deviation: number, random: Random): void {
  for (let index = 0; index < pixels.length; index += 3) {
    const bits = random.bits();
    for (let channel = 0; channel < 3; channel++) {
      const noise = normal[(bits >>> (8 * channel)) & 255] ?? 0;
      pixels[index + channel] = clamp((pixels[index + channel] ?? 0) + deviation * noise + 0.5);
    }
  }
}

/** Tukey's lambda approximation of the normal quantile: close to a hundredth, and free of tables. */
function quantile(probability: number): number {
  return (probability ** 0.135 - (1 - probability) ** 0.135) / 0.1975;
}
