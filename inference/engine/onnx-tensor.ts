import { type InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import type { Datatype, Tensor, Tensors } from "#inference/contract.ts";

type OnnxType = OnnxTensor.Type;

const onnxTypes: Readonly<Partial<Record<Datatype, OnnxType>>> = {
  BOOL: "bool",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  FP16: "float16",
  FP32: "float32",
  FP64: "float64",
  BYTES: "string",
};

const datatypes = new Map(Object.entries(onnxTypes).map(([datatype, type]) => [type, datatype as Datatype]));

/** Tensors as onnxruntime takes them, over the same memory. Throws on BF16, for which its binding has no type. */
export function toFeeds(tensors: Tensors): Record<string, OnnxTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toOnnx(name, tensor)]));
}

/** What onnxruntime answered, over the same memory. */
export function fromOnnx(answers: InferenceSession.OnnxValueMapType): Tensors {
  return Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, fromValue(name, value)]));
}

function toOnnx(name: string, { datatype, shape, data }: Tensor): OnnxTensor {
  if (datatype === "BYTES") return new OnnxTensor("string", data.map(decodeText), shape);
  const type = onnxTypes[datatype];
  if (type === undefined)
    throw new TypeError(`input '${name}' is ${datatype}, which onnxruntime does not take`);
  const tensor = new OnnxTensor(type, data as OnnxTensor.DataType, shape);
  // Where Node has an array for halves the tensor holds one, which the binding then does not read.
  if (datatype === "FP16") Object.defineProperty(tensor, "cpuData", { value: data });
  return tensor;
}

function fromValue(name: string, { type, data, dims }: OnnxTensor): Tensor {
  const datatype = datatypes.get(type);
  if (datatype === undefined)
    throw new TypeError(`output '${name}' is ${type}, which the protocol has no name for`);
  return { datatype, shape: dims, data: valuesOf(data) } as Tensor;
}

/** Halves come as an array of numbers where Node has one; here they are their bits. */
function valuesOf(data: OnnxTensor.DataType): OnnxTensor.DataType | readonly Uint8Array[] {
  if (Array.isArray(data)) return data.map((text) => new TextEncoder().encode(String(text)));
  const isHalves = Object.prototype.toString.call(data) === "[object Float16Array]";
  return isHalves ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
}

/** onnxruntime's strings are text: bytes that are none would come out as others. A byte order mark is part of a text. */
function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
