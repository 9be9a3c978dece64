import type { Tensor } from "#inference/contract.ts";
import { halfBits } from "./half-bits.ts";
import { type Letterbox, padding } from "./letterbox.ts";

/** What an image model's input can be: 0 to 1 as floats, or the pixels' own 0 to 255. */
export type PixelType = "FP32" | "FP16" | "UINT8";

export type PixelTensor = Extract<Tensor, { readonly datatype: PixelType }>;

type Values = PixelTensor["data"];

/** The inputs that models gave back: a fresh one of 4.9 MB costs three times as much as filling an old one. */
export type SpareTensors = {
  readonly take: (length: number) => Values | undefined;
  readonly giveBack: (data: unknown) => void;
};

/** Interleaved 8-bit RGB pixels of the letterboxed image, as a tensor [1, 3, H, W] with grey around them. */
export function toTensor(
  pixels: Uint8Array,
  place: Letterbox,
  type: PixelType = "FP32",
  spare?: Values,
): PixelTensor {
  const { width, height } = place.input;
  const plane = width * height;
  const { create, values } = kinds[type];
  const data = spare?.length === 3 * plane ? spare : create(3 * plane);
  fillMargins(data, place, values[padding] ?? 0);
  const [red, green, blue] = [0, plane, 2 * plane].map((at) => data.subarray(at, at + plane));
  if (red && green && blue) fillPixels(pixels, place, values, { red, green, blue });
  return { datatype: type, shape: [1, 3, height, width], data } as PixelTensor;
}

/** Keeps at most so many tensors of one model's input, whose length never changes. */
export function createSpareTensors(most: number): SpareTensors {
  const spares: Values[] = [];
  return {
    take: (length) => {
      const spare = spares.pop();
      return spare?.length === length ? spare : undefined;
    },
    giveBack: (data) => {
      const usable =
        data instanceof Float32Array || data instanceof Uint16Array || data instanceof Uint8Array;
      if (usable && data.length > 0 && spares.length < most) spares.push(data);
    },
  };
}

type Kind = {
  readonly create: (length: number) => Values;
  /** Each of the 256 values of a pixel as the model takes it. */
  readonly values: Values;
};

const steps = Array.from({ length: 256 }, (_, value) => value);

const kinds: Readonly<Record<PixelType, Kind>> = {
  FP32: {
    create: (length) => new Float32Array(length),
    values: Float32Array.from(steps, (value) => value / 255),
  },
  FP16: {
    create: (length) => new Uint16Array(length),
    values: Uint16Array.from(steps, (value) => halfBits(value / 255)),
  },
  UINT8: { create: (length) => new Uint8Array(length), values: Uint8Array.from(steps) },
};

/** Only what the image leaves uncovered, in each of the three planes. */
function fillMargins(data: Values, place: Letterbox, grey: number): void {
  const { width, height } = place.input;
  if (place.width < width || place.left > 0) {
    data.fill(grey);
    return;
  }
  for (let plane = 0; plane < 3; plane += 1) {
    const start = plane * width * height;
    data.fill(grey, start, start + place.top * width);
    data.fill(grey, start + (place.top + place.height) * width, start + width * height);
  }
}

type Planes = { readonly red: Values; readonly green: Values; readonly blue: Values };

function fillPixels(
  pixels: Uint8Array,
  place: Letterbox,
  values: Values,
  { red, green, blue }: Planes,
): void {
  const row = place.width * 3;
  for (let y = 0; y < place.height; y += 1) {
    let to = (place.top + y) * place.input.width + place.left;
    for (let from = y * row; from < (y + 1) * row; from += 3, to += 1) {
      red[to] = values[pixels[from] as number] as number;
      green[to] = values[pixels[from + 1] as number] as number;
      blue[to] = values[pixels[from + 2] as number] as number;
    }
  }
}
