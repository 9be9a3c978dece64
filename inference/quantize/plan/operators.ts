import type { GraphFile } from "../onnx/graph-file.ts";
import { intOf, type OnnxNode, wordOf } from "../onnx/node.ts";

type Constants = GraphFile["constants"];

/** Operations with a kernel of their own for whole numbers, and scales of their own. */
const computers = new Set([
  ...["Add", "Mul", "Concat", "Sigmoid", "LeakyRelu", "AveragePool", "GlobalAveragePool"],
]);

/** Operations that only choose among numbers or move them about: what comes out has the scale of what went in. */
const carriers = new Set([
  ...["MaxPool", "Resize", "Reshape", "Transpose", "Split", "Slice", "Squeeze", "Unsqueeze", "Flatten"],
  "DepthToSpace",
]);

/** Operations that are computed on floats, and give floats for floats. */
const floating = new Set([
  ...[
    "Relu",
    "Clip",
    "HardSwish",
    "HardSigmoid",
    "Softplus",
    "Tanh",
    "Gelu",
    "Elu",
    "Mish",
    "PRelu",
    "Softmax",
  ],
  ...[
    "BatchNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "Sub",
    "Div",
    "Identity",
    "Dropout",
  ],
]);

/** Operations that compute with all of their inputs. */
const many = new Set(["Add", "Mul", "Sub", "Div", "Concat"]);

/** The tensors that an operation computes with: not its weights, sizes and axes. */
export function flowingInto({ op, inputs }: OnnxNode, constants: Constants): readonly string[] {
  const all = many.has(op) ? inputs : inputs.slice(0, 1);
  return all.filter((name) => name !== "" && !constants.has(name));
}

/** Whether floats come out where floats go in. */
export function keepsFloats({ op, domain }: OnnxNode): boolean {
  return domain === "" && (computers.has(op) || carriers.has(op) || floating.has(op));
}

/** Whether it computes in whole numbers. With a number that is given it does not: of that no range was seen. */
export function isComputer({ op, domain, inputs, outputs }: OnnxNode, constants: Constants): boolean {
  const isKnown = domain === "" && computers.has(op) && outputs.length === 1;
  return isKnown && !inputs.some((name) => constants.has(name));
}

/** Whether it takes whole numbers along. A cubic between two may lie above both, and the places of maxima are no values. */
export function isCarrier(node: OnnxNode): boolean {
  if (node.domain !== "" || !carriers.has(node.op) || node.outputs.includes("")) return false;
  if (node.op === "Resize") return wordOf(node, "mode") !== "cubic" && (intOf(node, "antialias") ?? 0) === 0;
  return node.op !== "MaxPool" || node.outputs.length === 1;
}

/** Whether it only cuts off what lies beyond limits that are given: a grid within them does the same. */
export function cutsOff({ op, domain, inputs: [, ...limits] }: OnnxNode, constants: Constants): boolean {
  if (domain !== "") return false;
  return op === "Relu" || (op === "Clip" && limits.every((name) => name === "" || constants.has(name)));
}
