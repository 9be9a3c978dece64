import { TradewindError } from "#infra/runtime/errors.ts";
import { constantOf, type OnnxNode, readNode } from "./node.ts";
import {
  bodiesOf,
  type Chunks,
  chunksOf,
  messagePart,
  numberOf,
  type Part,
  readParts,
  textOf,
} from "./parts.ts";
import { type ConstantTensor, elementTypes, readTensor } from "./tensor.ts";

/** One field of the graph with what it holds, as far as that matters here. */
export type GraphEntry =
  | { readonly kind: "node"; readonly part: Part; readonly node: OnnxNode }
  | { readonly kind: "constant"; readonly part: Part; readonly tensor: ConstantTensor }
  | ValueEntry
  | { readonly kind: "other"; readonly part: Part };

/** What is said of a tensor that is computed or given. */
export type ValueEntry = {
  readonly kind: "input" | "output" | "described";
  readonly part: Part;
  readonly name: string;
  readonly elementType: number;
};

/** A whole ONNX file, taken apart so that what nobody touches is written as it came. */
export type GraphFile = {
  readonly opset: number;
  readonly entries: readonly GraphEntry[];
  /** In the order in which they compute. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, ConstantTensor>;
  /** Without those that are constants: old exporters list the weights among the inputs. */
  readonly inputs: readonly string[];
  /** Those of the inputs that are float32. */
  readonly floatInputs: readonly string[];
  readonly outputs: readonly string[];
  /** Every name of a tensor or an operation. */
  readonly names: ReadonlySet<string>;
  readonly parts: readonly Part[];
};

/** Takes the file apart; the weights stay where they lie. */
export function readGraphFile(bytes: Uint8Array): GraphFile {
  return refusing(bytes, () => takeApart(bytes));
}

/** Runs what reads of a file; where its bytes are not what they claim to be, the model is unusable. */
export function refusing<Result>(bytes: Uint8Array, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `the file of ${bytes.byteLength} bytes is no ONNX model that can be quantized (${error.message})`;
    throw new TradewindError("model_unusable", message, { cause: error });
  }
}

/** The file with other fields in its graph, and more entries in its metadata; all else is written as it came. */
export function writeGraphFile(
  { parts }: GraphFile,
  graph: readonly Part[],
  metadata: readonly Part[] = [],
): Chunks {
  const written = parts.map((part) => (part.number === 7 ? messagePart(7, graph) : part));
  return chunksOf([...written, ...metadata]);
}

function takeApart(bytes: Uint8Array): GraphFile {
  const parts = readParts(bytes);
  const [graph, ...more] = bodiesOf(parts, 7);
  if (!graph) throw new RangeError("it holds no graph");
  if (more.length > 0) throw new RangeError("it holds more than one graph");
  const entries = readParts(graph).map(readEntry);
  const nodes = entries.flatMap((entry) => (entry.kind === "node" ? [entry.node] : []));
  const constants = constantsOf(entries, nodes);
  const valuesOf = (kind: ValueEntry["kind"]): ValueEntry[] =>
    entries.flatMap((entry) => (entry.kind === kind ? [entry] : []));
  const inputs = valuesOf("input").filter(({ name }) => !constants.has(name));
  const floats = inputs.filter(({ elementType }) => elementType === elementTypes.float32);
  return {
    opset: Math.max(0, ...bodiesOf(parts, 8).slice(0, mostOpsets).map(readOpset)),
    entries,
    nodes,
    constants,
    inputs: inputs.map(({ name }) => name),
    floatInputs: floats.map(({ name }) => name),
    outputs: valuesOf("output").map(({ name }) => name),
    names: namesOf(entries),
    parts,
  };
}

const mostOpsets = 1_000;

function readOpset(body: Uint8Array): number {
  const parts = readParts(body);
  const domain = textOf(parts, 1);
  return domain === "" || domain === "ai.onnx" ? (numberOf(parts, 2) ?? 0) : 0;
}

function readEntry(part: Part): GraphEntry {
  const { number, body } = part;
  if (body === undefined) return { kind: "other", part };
  if (number === 1) return { kind: "node", part, node: readNode(part) };
  if (number === 5) return { kind: "constant", part, tensor: readTensor(body) };
  const kind = valueKinds[number];
  return kind ? { kind, part, ...readValue(body) } : { kind: "other", part };
}

/** ValueInfo { name 1, type 2 { tensor 1 { element type 1 } } } */
function readValue(body: Uint8Array): { readonly name: string; readonly elementType: number } {
  const parts = readParts(body);
  const [type] = bodiesOf(parts, 2);
  const [tensor] = type ? bodiesOf(readParts(type), 1) : [];
  return { name: textOf(parts, 1), elementType: (tensor && numberOf(readParts(tensor), 1)) ?? 0 };
}

const valueKinds: Readonly<Record<number, ValueEntry["kind"]>> = {
  11: "input",
  12: "output",
  13: "described",
};

function constantsOf(
  entries: readonly GraphEntry[],
  nodes: readonly OnnxNode[],
): ReadonlyMap<string, ConstantTensor> {
  const constants = new Map<string, ConstantTensor>();
  for (const entry of entries) if (entry.kind === "constant") constants.set(entry.tensor.name, entry.tensor);
  for (const node of nodes) {
    const [name] = node.outputs;
    const tensor = node.op === "Constant" && name !== undefined ? constantOf(node) : undefined;
    if (tensor !== undefined && name !== undefined) constants.set(name, tensor);
  }
  return constants;
}

function namesOf(entries: readonly GraphEntry[]): ReadonlySet<string> {
  return new Set(
    entries.flatMap((entry) => {
      if (entry.kind === "node") return [entry.node.name, ...entry.node.inputs, ...entry.node.outputs];
      if (entry.kind === "constant") return [entry.tensor.name];
      return entry.kind === "other" ? [] : [entry.name];
    }),
  );
}
