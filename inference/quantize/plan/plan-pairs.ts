import type { GraphFile } from "../onnx/graph-file.ts";
import { intOf, type OnnxNode } from "../onnx/node.ts";
import { elementTypes } from "../onnx/tensor.ts";
import { findWeighted, type Weighted } from "./find-weighted.ts";
import { cutsOff, flowingInto, isCarrier, isComputer, keepsFloats } from "./operators.ts";
import { upstreamOf, type Wiring, wiringOf } from "./wiring.ts";

/** Which parts of a graph compute in whole numbers. */
export type PairPlan = {
  readonly weighted: ReadonlyMap<OnnxNode, Weighted>;
  /** Tensors that become whole numbers and back, each with the tensor whose range it has. */
  readonly pairs: ReadonlyMap<string, string>;
  /** Those of the pairs that nothing computes with in whole numbers: here they are left. */
  readonly ends: ReadonlySet<string>;
  /** Operations that take and give whole numbers. */
  readonly chosen: ReadonlySet<OnnxNode>;
};

/**
 * Everything up to the last weights is computed in whole numbers, as far as the runtime has kernels for it. What comes
 * after them reads boxes and scores out of what was found: there one scale for numbers from 0 to 1 and from 0 to 640 would
 * leave no score above 0, so it stays in floats.
 */
export function planPairs(file: GraphFile): PairPlan {
  const wiring = wiringOf(file);
  const weighted = findWeighted(file, wiring);
  const body = upstreamOf(weighted.keys(), wiring);
  const floats = floatsOf(file, weighted);
  const computing = file.nodes.filter((node) => {
    const flowing = flowingInto(node, file.constants);
    const isFloat = flowing.length > 0 && flowing.every((name) => floats.has(name));
    return weighted.has(node) || (isFloat && body.has(node) && isComputer(node, file.constants));
  });
  const tensors = computing.flatMap((node) => [
    ...flowingInto(node, file.constants),
    resultOf(node, file, wiring),
  ]);
  const pairs = new Map(tensors.map((tensor) => [tensor, tensor]));
  const carrying = carryOn(file, body, pairs);
  const chosen = new Set([...computing, ...carrying]);
  const taken = new Set(Array.from(chosen).flatMap(({ inputs }) => inputs));
  const ends = new Set(Array.from(pairs.keys()).filter((tensor) => !taken.has(tensor)));
  return { weighted, pairs, ends, chosen };
}

/** The tensors of which it is sure that they are floats: sizes and axes are computed with the same operators. */
function floatsOf(
  { nodes, floatInputs, constants }: GraphFile,
  weighted: PairPlan["weighted"],
): ReadonlySet<string> {
  const floats = new Set(floatInputs);
  for (const node of nodes) {
    const flowing = flowingInto(node, constants);
    const keeps = keepsFloats(node) && flowing.length > 0 && flowing.every((name) => floats.has(name));
    const casts = node.op === "Cast" && intOf(node, "to") === elementTypes.float32;
    if (keeps || casts || weighted.has(node)) for (const output of node.outputs) floats.add(output);
  }
  return floats;
}

/** What an activation that only cuts off leaves is the result of what came before it. */
function resultOf({ outputs: [output = ""] }: OnnxNode, file: GraphFile, wiring: Wiring): string {
  const [taker, ...more] = wiring.takersOf.get(output) ?? [];
  if (taker === undefined || more.length > 0 || wiring.isOutput(output)) return output;
  return cutsOff(taker, file.constants) ? (taker.outputs[0] ?? output) : output;
}

/** Whole numbers flow on through what only carries them, until somebody needs floats. */
function carryOn(
  { nodes, constants }: GraphFile,
  body: ReadonlySet<OnnxNode>,
  pairs: Map<string, string>,
): readonly OnnxNode[] {
  const carrying: OnnxNode[] = [];
  for (const node of nodes) {
    const [input = ""] = node.inputs;
    const root = pairs.get(input);
    if (root === undefined || constants.has(input) || !body.has(node) || !isCarrier(node)) continue;
    carrying.push(node);
    for (const output of node.outputs) pairs.set(output, root);
  }
  return carrying;
}
