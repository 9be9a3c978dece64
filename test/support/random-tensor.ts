import type { Datatype, Tensor } from "#inference/contract.ts";
import { datatypes, elementCount, tensorOver } from "#inference/protocol/datatypes.ts";
import type { Random } from "./random.ts";

/** A small tensor of any bits: numbers that are none and sizes of zero among them. */
export function randomTensor(random: Random, datatype: Datatype): Tensor {
  const shape = Array.from({ length: random.integer(0, 3) }, () => random.integer(0, 4));
  const count = elementCount(shape);
  if (datatype === "BYTES") {
    return { datatype, shape, data: Array.from({ length: count }, () => randomBytes(random)) };
  }
  const bytes = Uint8Array.from({ length: count * datatypes[datatype].bytes }, () => random.bits() & 255);
  if (datatype === "BOOL") return { datatype, shape, data: bytes.map((byte) => byte & 1) };
  return tensorOver(datatype, shape, bytes.buffer);
}

function randomBytes(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.integer(0, 20) }, () => random.bits() & 255);
}

/** The same tensor with what JSON can carry: texts for bytes, and nothing that is not finite but NaN. */
export function withoutInfinities(tensor: Tensor): Tensor {
  const { datatype, data } = tensor;
  const finite = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);
  if (datatype === "FP32") return { ...tensor, datatype, data: data.map(finite) };
  if (datatype === "FP64") return { ...tensor, datatype, data: data.map(finite) };
  if (datatype !== "BYTES") return tensor;
  return {
    ...tensor,
    datatype,
    data: data.map((bytes) => Buffer.from(Buffer.from(bytes).toString("latin1"))),
  };
}

/** A tensor for comparison: elements of BYTES without what kind of view they are. */
export function plainTensor(tensor: Tensor): object {
  if (tensor.datatype !== "BYTES") return tensor;
  return { ...tensor, data: tensor.data.map((bytes) => [...bytes]) };
}
