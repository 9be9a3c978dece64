import type { FloatTensor, Tensor } from "#inference/contract.ts";

/** A tensor of floats as heads read it; half ones are widened once. Undefined when it holds anything else. */
export function asFloats(tensor: Tensor): FloatTensor | undefined {
  if (tensor.datatype === "FP32") return tensor;
  if (tensor.datatype !== "FP16") return undefined;
  return { datatype: "FP32", shape: tensor.shape, data: widen(tensor.data) };
}

let everyHalf: Float32Array | undefined;

/** There are only 65,536 halves, and looking one up is faster than working it out. */
function widen(bits: Uint16Array): Float32Array {
  everyHalf ??= Float32Array.from({ length: 65_536 }, (_, half) => halfValue(half));
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index += 1) values[index] = everyHalf[bits[index] ?? 0] ?? 0;
  return values;
}

/** A sign, five bits of exponent and ten of fraction, as IEEE 754 has them. */
function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = (half & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}
