import type { NumberKinds } from "./targets.ts";

/** The least and the most that a tensor was seen to hold. */
export type Range = { readonly min: number; readonly max: number };

/** A real number is `scale` times (whole number minus `zeroPoint`). */
export type Grid = { readonly scale: number; readonly zeroPoint: number };

/** The grid over a range that is widened to hold 0, so that padding and what is cut off are exact. */
export function activationGrid(range: Range, { least, most }: NumberKinds["activation"]): Grid {
  const [min, max] = [Math.min(range.min, 0), Math.max(range.max, 0)];
  const scale = within(Math.fround((max - min) / (most - least)), most - least, max - min);
  if (!(scale >= smallestNormal) || !Number.isFinite(scale)) return { scale: 1, zeroPoint: least };
  return { scale, zeroPoint: Math.min(most, Math.max(least, Math.round(least - min / scale))) };
}

/** Weights with the channels of what they give in the first dimension, or in the last of two. */
export type Weights = {
  readonly values: Float32Array;
  readonly dims: readonly number[];
  readonly axis: 0 | 1;
};

/** A use of the weights: the scale of what comes in, and what is added to each channel. */
export type WeightUse = { readonly inputScale: number; readonly bias: Float32Array | undefined };

/**
 * One scale for each channel, as fine as its largest weight allows, and coarse enough that the bias, which has the scale
 * of input times weight, fits 32 bits wherever the weights are used.
 */
export function weightScales(weights: Weights, most: number, uses: readonly WeightUse[]): Float32Array {
  const scales = largestOf(weights).map((largest) => Math.max(largest / most, finestScale));
  for (const { inputScale, bias } of uses) {
    for (const [channel, value] of bias?.entries() ?? []) {
      const needed = (Math.abs(value) * 1.0001) / (inputScale * mostBias);
      scales[channel] = Math.max(scales[channel] ?? 0, needed);
    }
  }
  return scales;
}

/** Each weight as the nearest whole number of its channel's scale. */
export function quantizeWeights(weights: Weights, scales: Float32Array, most: number): Int8Array {
  const { values } = weights;
  const quantized = new Int8Array(values.length);
  const channelOf = channels(weights);
  for (let index = 0; index < values.length; index += 1) {
    const steps = Math.round((values[index] ?? 0) / (scales[channelOf(index)] ?? 1));
    quantized[index] = Math.min(most, Math.max(-most, steps));
  }
  return quantized;
}

/** The scale of a bias must be exactly this product in single precision, or the runtime computes in floats. */
export function biasScales(inputScale: number, scales: Float32Array): Float32Array {
  return scales.map((scale) => Math.fround(inputScale) * scale);
}

export function quantizeBias(bias: Float32Array, scales: Float32Array): Int32Array {
  return Int32Array.from(bias, (value, channel) => {
    const steps = Math.round(value / (scales[channel] ?? 1));
    return Math.min(mostBias, Math.max(-mostBias, steps));
  });
}

export function channelCount({ dims, axis }: Pick<Weights, "dims" | "axis">): number {
  return dims[axis] ?? 0;
}

const smallestNormal = 2 ** -126;
/** A channel of nothing but zeros still needs a scale, and its bias a fine one. */
const finestScale = 2 ** -40;
const mostBias = 2 ** 31 - 1;

/** A hair finer where rounding put the end of the grid beyond the range: what an activation cuts off must lie outside. */
function within(scale: number, steps: number, width: number): number {
  return Math.fround(scale * steps) > width ? Math.fround(scale * (1 - 2 ** -24)) : scale;
}

function largestOf(weights: Weights): Float32Array {
  const largest = new Float32Array(channelCount(weights));
  const channelOf = channels(weights);
  for (const [index, value] of weights.values.entries()) {
    const size = Math.abs(value);
    if (!Number.isFinite(size)) throw new RangeError("a weight is not a finite number");
    const channel = channelOf(index);
    if (size > (largest[channel] ?? 0)) largest[channel] = size;
  }
  return largest;
}

function channels({ values, dims, axis }: Weights): (index: number) => number {
  const count = channelCount({ dims, axis });
  if (axis === 1) return (index) => index % count;
  const each = values.length / count;
  return (index) => Math.floor(index / each);
}
