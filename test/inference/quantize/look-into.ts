import { type GraphFile, readGraphFile } from "#inference/quantize/onnx/graph-file.ts";
import type { OnnxNode } from "#inference/quantize/onnx/node.ts";
import { bodiesOf, type Chunks } from "#inference/quantize/onnx/parts.ts";

/** A written model, taken apart again. */
export function readBack(chunks: Chunks): GraphFile {
  return readGraphFile(Buffer.concat(chunks));
}

/** The numbers of a constant of whole or real numbers. */
export function numbersIn({ constants }: GraphFile, name: string): readonly number[] {
  const tensor = constants.get(name);
  const [raw = new Uint8Array(0)] = bodiesOf(tensor?.parts ?? [], 9);
  const bytes = Uint8Array.from(raw).buffer;
  switch (tensor?.elementType) {
    case 1:
      return [...new Float32Array(bytes)];
    case 2:
      return [...new Uint8Array(bytes)];
    case 3:
      return [...new Int8Array(bytes)];
    case 6:
      return [...new Int32Array(bytes)];
    default:
      throw new Error(`there is no constant ${name}`);
  }
}

/** Who makes a tensor. */
export function makerOf({ nodes }: GraphFile, tensor: string): OnnxNode {
  const maker = nodes.find(({ outputs }) => outputs.includes(tensor));
  if (!maker) throw new Error(`nobody makes ${tensor}`);
  return maker;
}

/** The only operation of a kind. */
export function theOne({ nodes }: GraphFile, op: string): OnnxNode {
  const [one, ...more] = nodes.filter((node) => node.op === op);
  if (!one || more.length > 0) throw new Error(`${nodes.filter((node) => node.op === op).length} of ${op}`);
  return one;
}
