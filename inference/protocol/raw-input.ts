import type { Tensor, TensorSpec } from "#inference/contract.ts";
import { checkSize, readBinaryTensor, wrongSize } from "./binary-tensor.ts";
import { datatypes, elementCount, showShape } from "./datatypes.ts";
import { quote, type Side } from "./side.ts";

/** A body that is nothing but one input's bytes: a batch of one, and one free dimension follows from the size. */
export function readRawInput(
  body: Buffer,
  specs: readonly TensorSpec[],
  batched: boolean,
  side: Side,
): { readonly name: string; readonly tensor: Tensor } {
  const [spec] = specs;
  if (!spec || specs.length > 1) {
    const told = `Raw request must only have 1 input to be deduced but got ${specs.length} inputs`;
    throw side.refuse(`${told}${side.ofModel}`);
  }
  const { name, datatype } = spec;
  if (datatype === "BYTES") return { name, tensor: oneElement(body, spec, side) };
  const head = { name, datatype, shape: shapeOf(body.byteLength, spec, batched, side) };
  checkSize(head, side);
  return { name, tensor: readBinaryTensor(body, head, side) };
}

/** The bytes of a text or a file stand alone, without the length that goes before elements elsewhere. */
function oneElement(body: Buffer, { name, shape }: TensorSpec, side: Side): Tensor {
  if (shape.every((size) => size === 1 || size === -1)) {
    return { datatype: "BYTES", shape: shape.map(() => 1), data: [body] };
  }
  const told = "the model must have input shape [1]";
  throw side.refuse(`For BYTES datatype raw input ${quote(name)}, ${told}, not ${showShape(shape)}`);
}

function shapeOf(bytes: number, spec: TensorSpec, batched: boolean, side: Side): readonly number[] {
  const { name, datatype, shape: announced } = spec;
  const shape = batched ? [1, ...announced.slice(1)] : announced;
  const free = shape.filter((size) => size === -1).length;
  if (free === 0) return shape;
  if (free > 1) {
    const told = "can not be deduced because there are more than one variable-sized dimension";
    throw side.refuse(`The shape of the raw input ${quote(name)} ${told}`);
  }
  const row = elementCount(shape.filter((size) => size !== -1)) * datatypes[datatype].bytes;
  const rows = row === 0 ? 0 : Math.floor(bytes / row);
  if (rows * row !== bytes) throw wrongSize(spec, side, rows * row, bytes);
  return shape.map((size) => (size === -1 ? rows : size));
}
