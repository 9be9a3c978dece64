import type { Tensor } from "#inference/contract.ts";
import { type Letterbox, padding } from "./letterbox.ts";

/** Interleaved 8-bit RGB pixels of the letterboxed image, as a tensor [1, 3, H, W] in 0 to 1 with grey around them. */
export function toTensor(pixels: Uint8Array, place: Letterbox): Tensor {
  const { width, height } = place.input;
  const plane = width * height;
  const data = new Float32Array(3 * plane).fill(padding / 255);
  for (let row = 0; row < place.height; row += 1) {
    let to = (place.top + row) * width + place.left;
    let from = row * place.width * 3;
    for (const end = from + place.width * 3; from < end; from += 3, to += 1) {
      data[to] = (pixels[from] ?? 0) / 255;
      data[to + plane] = (pixels[from + 1] ?? 0) / 255;
      data[to + 2 * plane] = (pixels[from + 2] ?? 0) / 255;
    }
  }
  return { dims: [1, 3, height, width], data };
}
