import { isUtf8 } from "node:buffer";
import type { Tensor } from "#inference/contract.ts";
import { isBinaryOnly } from "./datatypes.ts";
import { float32Text, float64Text } from "./float-text.ts";

/** A tensor's data as a flat JSON list. */
export function jsonText(tensor: Tensor): string {
  const { datatype, data } = tensor;
  if (datatype === "BYTES") {
    return `[${data.map((bytes) => JSON.stringify(Buffer.from(bytes).toString("utf8"))).join(",")}]`;
  }
  if (datatype === "FP32") return listOf(data, float32Text);
  if (datatype === "FP64") return listOf(data, float64Text);
  if (datatype === "BOOL") return listOf(data, (value) => (value === 0 ? "false" : "true"));
  return `[${data.join(",")}]`;
}

/** Has JSON a form for it? Half floats have none, nor have bytes that are no text. */
export function hasJsonText(tensor: Tensor): boolean {
  if (isBinaryOnly(tensor.datatype)) return false;
  return tensor.datatype !== "BYTES" || tensor.data.every((bytes) => isUtf8(bytes));
}

function listOf(numbers: ArrayLike<number>, text: (value: number) => string): string {
  const parts = new Array<string>(numbers.length);
  for (let index = 0; index < numbers.length; index += 1) parts[index] = text(numbers[index] ?? 0);
  return `[${parts.join(",")}]`;
}
