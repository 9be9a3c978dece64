import { type GraphFile, writeGraphFile } from "../onnx/graph-file.ts";
import { nodePart } from "../onnx/node.ts";
import { type Chunks, messagePart, numberPart, type Part, textPart } from "../onnx/parts.ts";
import { elementTypes } from "../onnx/tensor.ts";

/** What is to be known of a tensor: its extremes, those of each kind of channels too, or how often it has which numbers. */
export type Use = "extremes" | "kinds" | "all";

/** The names under which the model with its insides exposed gives them. */
export type Exposed = {
  readonly tensor: string;
  readonly use: Use;
  /** Its least and its greatest number, and how many it has. */
  readonly min: string;
  readonly max: string;
  readonly count: string;
  /** All of its numbers, where more than the extremes is to be known. */
  readonly values: string;
};

/** The model with more outputs: what is to be known of its insides. */
export function expose(
  file: GraphFile,
  uses: ReadonlyMap<string, Use>,
): { readonly chunks: Chunks; readonly exposed: readonly Exposed[] } {
  const prefix = unusedPrefix(file.names);
  const exposed = Array.from(uses, ([tensor, use], index) => ({
    tensor,
    use,
    min: `${prefix}min_${index}`,
    max: `${prefix}max_${index}`,
    count: `${prefix}count_${index}`,
    values: `${prefix}values_${index}`,
  }));
  const graph = [...file.entries.map(({ part }) => part), ...exposed.flatMap(partsOf)];
  return { chunks: writeGraphFile(file, graph), exposed };
}

function unusedPrefix(names: ReadonlySet<string>): string {
  let prefix = "calibration_";
  const all = [...names];
  while (all.some((name) => name.startsWith(prefix))) prefix += "_";
  return prefix;
}

function partsOf({ tensor, use, min, max, count, values }: Exposed): readonly Part[] {
  const whole = { inputs: [tensor], ints: { keepdims: 0 } };
  const extremes = [
    nodePart({ ...whole, op: "ReduceMin", outputs: [min] }),
    nodePart({ ...whole, op: "ReduceMax", outputs: [max] }),
    nodePart({ op: "Size", inputs: [tensor], outputs: [count] }),
    outputPart(min, elementTypes.float32, true),
    outputPart(max, elementTypes.float32, true),
    outputPart(count, elementTypes.int64, true),
  ];
  if (use === "extremes") return extremes;
  return [
    ...extremes,
    nodePart({ op: "Identity", inputs: [tensor], outputs: [values] }),
    outputPart(values, elementTypes.float32, false),
  ];
}

/** A single number, or numbers of any shape. */
function outputPart(name: string, elementType: number, isScalar: boolean): Part {
  const tensor = [numberPart(1, elementType), ...(isScalar ? [messagePart(2, [])] : [])];
  return messagePart(12, [textPart(1, name), messagePart(2, [messagePart(1, tensor)])]);
}
