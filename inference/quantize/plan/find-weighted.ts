import type { GraphFile } from "../onnx/graph-file.ts";
import { floatOf, intOf, type OnnxNode } from "../onnx/node.ts";
import { type ConstantTensor, elementTypes } from "../onnx/tensor.ts";
import type { Wiring } from "./wiring.ts";

/** An operation with weights, which is what quantization is for. */
export type Weighted = {
  readonly node: OnnxNode;
  /** The tensor that flows in. */
  readonly input: string;
  readonly weight: ConstantTensor;
  readonly bias: ConstantTensor | undefined;
  /** The dimension of the weights that counts the channels of what comes out. */
  readonly axis: 0 | 1;
};

/** The operations whose weights become whole numbers; the mean over bins at the end of a box is none of them. */
export function findWeighted(file: GraphFile, wiring: Wiring): ReadonlyMap<OnnxNode, Weighted> {
  const found = new Map<OnnxNode, Weighted>();
  for (const node of file.nodes) {
    const weighted = weightedOf(node, file);
    if (weighted !== undefined && !isMeanOverBins(weighted, wiring)) found.set(node, weighted);
  }
  return found;
}

function weightedOf(node: OnnxNode, { constants }: GraphFile): Weighted | undefined {
  if (node.domain !== "" || node.outputs.length !== 1) return undefined;
  const axis = axisOf(node);
  const [input, weightName = "", biasName = ""] = node.inputs;
  const [weight, bias] = [constants.get(weightName), constants.get(biasName)];
  if (axis === undefined || input === undefined || constants.has(input) || weight === undefined)
    return undefined;
  const isPlain = biasName === "" || (bias !== undefined && isVector(bias, weight.dims[axis]));
  return isPlain && fits(node, weight) ? { node, input, weight, bias, axis } : undefined;
}

function axisOf(node: OnnxNode): 0 | 1 | undefined {
  if (node.op === "Conv") return 0;
  if (node.op === "MatMul") return 1;
  if (node.op !== "Gemm") return undefined;
  const isPlain = (floatOf(node, "alpha") ?? 1) === 1 && (floatOf(node, "beta") ?? 1) === 1;
  if (!isPlain || (intOf(node, "transA") ?? 0) !== 0) return undefined;
  return (intOf(node, "transB") ?? 0) === 1 ? 0 : 1;
}

function fits({ op }: OnnxNode, { dims, elementType, isElsewhere }: ConstantTensor): boolean {
  const isRanked = op === "Conv" ? dims.length >= 3 && dims.length <= 5 : dims.length === 2;
  return isRanked && elementType === elementTypes.float32 && !isElsewhere && !dims.includes(0);
}

function isVector({ dims, elementType, isElsewhere }: ConstantTensor, length: number | undefined): boolean {
  return dims.length === 1 && dims[0] === length && elementType === elementTypes.float32 && !isElsewhere;
}

/** Steps between the likelihoods of the bins and their mean that only move numbers about. */
const movers = new Set(["Transpose", "Reshape", "Squeeze", "Unsqueeze", "Identity"]);

/** The distance to a box's side is a mean over bins weighted by their likelihoods: in whole numbers boxes would jump. */
function isMeanOverBins({ node, input, weight }: Weighted, { makerOf }: Wiring): boolean {
  if (node.op !== "Conv" || weight.dims[0] !== 1) return false;
  let maker = makerOf.get(input);
  for (let steps = 0; maker !== undefined && movers.has(maker.op) && steps < 10; steps += 1) {
    maker = makerOf.get(maker.inputs[0] ?? "");
  }
  return maker?.op === "Softmax";
}
