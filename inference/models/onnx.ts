import { TradewindError } from "#infra/runtime/errors.ts";
import { type Field, readFields } from "./wire.ts";

/** A graph input or output; a dimension is a number, the name of a free one, or "?" when nothing is said. */
export type TensorInfo = {
  readonly name: string;
  readonly elementType: string;
  readonly dims: readonly (number | string)[];
};

/** What a model file says of itself, without its weights. */
export type OnnxFile = {
  readonly opset: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly operators: ReadonlySet<string>;
  /** Element types of the weights. */
  readonly weightTypes: ReadonlySet<string>;
};

/** Reads the few fields of an ONNX file that describe it; weights are stepped over, unknown fields too. */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  try {
    return readModel(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `the file of ${bytes.byteLength} bytes is no ONNX model, or is cut short (${error.message})`;
    throw new TradewindError("model_unusable", message, { cause: error });
  }
}

/** A file that needs more of anything is not a model that we could serve. */
const limits = { metadata: 1_000, tensors: 1_000, nodes: 1_000_000, dims: 16, textBytes: 1_048_576 };

const elementTypes: Readonly<Record<number, string>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  8: "string",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
  16: "bfloat16",
};

function readModel(bytes: Uint8Array): OnnxFile {
  const fields = fieldsOf(bytes, limits.nodes);
  const graph = messages(fields, 7)[0];
  if (!graph) throw new RangeError("it holds no graph");
  const graphFields = fieldsOf(graph, limits.nodes);
  const weights = messages(graphFields, 5).map(readWeight);
  const weightNames = new Set(weights.map((weight) => weight.name));
  const inputs = atMost(limits.tensors, messages(graphFields, 11)).map(readTensorInfo);
  return {
    opset: Math.max(0, ...atMost(limits.tensors, messages(fields, 8)).map(readOpset)),
    metadata: new Map(atMost(limits.metadata, messages(fields, 14)).map(readEntry)),
    // Old exporters list the weights among the inputs.
    inputs: inputs.filter((input) => !weightNames.has(input.name)),
    outputs: atMost(limits.tensors, messages(graphFields, 12)).map(readTensorInfo),
    operators: new Set(messages(graphFields, 1).map((node) => text(fieldsOf(node, limits.nodes), 4))),
    weightTypes: new Set(weights.map((weight) => weight.elementType)),
  };
}

function readOpset(bytes: Uint8Array): number {
  const fields = fieldsOf(bytes, limits.dims);
  const domain = text(fields, 1);
  return domain === "" || domain === "ai.onnx" ? integer(fields, 2) : 0;
}

function readEntry(bytes: Uint8Array): [string, string] {
  const fields = fieldsOf(bytes, limits.dims);
  return [text(fields, 1), text(fields, 2)];
}

function readWeight(bytes: Uint8Array) {
  let name = "";
  let elementType = "unknown";
  // Read in place: a weight given number by number has as many fields as numbers.
  for (const field of readFields(bytes)) {
    if (field.number === 8 && field.kind === "bytes") name = decode(field.value);
    if (field.number === 2 && field.kind === "varint") elementType = elementTypeOf(Number(field.value));
  }
  return { name, elementType };
}

/** ValueInfo { name 1, type 2 { tensor 1 { element type 1, shape 2 { dimension 1 } } } } */
function readTensorInfo(bytes: Uint8Array): TensorInfo {
  const fields = fieldsOf(bytes, limits.tensors);
  const type = fieldsOf(messages(fields, 2)[0] ?? empty, limits.tensors);
  const tensor = messages(type, 1)[0];
  if (!tensor) return { name: text(fields, 1), elementType: "no tensor", dims: [] };
  const tensorFields = fieldsOf(tensor, limits.tensors);
  const shape = fieldsOf(messages(tensorFields, 2)[0] ?? empty, limits.dims);
  return {
    name: text(fields, 1),
    elementType: elementTypeOf(integer(tensorFields, 1)),
    dims: messages(shape, 1).map(readDimension),
  };
}

function readDimension(bytes: Uint8Array): number | string {
  const fields = fieldsOf(bytes, limits.dims);
  const size = fields.find((field) => field.number === 1 && field.kind === "varint");
  return size ? integer(fields, 1) : text(fields, 2) || "?";
}

const empty = new Uint8Array(0);

function fieldsOf(bytes: Uint8Array, max: number): Field[] {
  const fields: Field[] = [];
  for (const field of readFields(bytes)) {
    if (fields.length === max) throw new RangeError(`more than ${max} parts`);
    fields.push(field);
  }
  return fields;
}

function atMost<Item>(max: number, items: readonly Item[]): readonly Item[] {
  if (items.length > max) throw new RangeError(`more than ${max} parts`);
  return items;
}

function messages(fields: readonly Field[], number: number): Uint8Array[] {
  return fields.flatMap((field) => (field.number === number && field.kind === "bytes" ? [field.value] : []));
}

function text(fields: readonly Field[], number: number): string {
  return decode(messages(fields, number)[0] ?? empty);
}

function decode(bytes: Uint8Array): string {
  if (bytes.byteLength > limits.textBytes) throw new RangeError(`a text of ${bytes.byteLength} bytes`);
  return new TextDecoder().decode(bytes);
}

function integer(fields: readonly Field[], number: number): number {
  const field = fields.find((candidate) => candidate.number === number && candidate.kind === "varint");
  return field?.kind === "varint" ? Number(BigInt.asIntN(64, field.value)) : 0;
}

function elementTypeOf(code: number): string {
  return elementTypes[code] ?? `element type ${code}`;
}
