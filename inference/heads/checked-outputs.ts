import type { FloatTensor, Tensor, Tensors } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { asFloats } from "./as-floats.ts";
import type { HeadPlan } from "./head-plan.ts";
import { fitsHead, outputsOf, wantedShapes } from "./head-shapes.ts";

/**
 * The outputs that a head reads, as floats. A model may answer differently from run to run, and a server elsewhere
 * anything at all, so that nothing is read before its shape is what was planned.
 */
export function checkedOutputs(
  head: HeadPlan,
  outputs: Tensors,
  classes: number,
): Readonly<Record<string, FloatTensor>> {
  const floats = Object.fromEntries(
    outputsOf(head).map((name) => [name, floatsOf(name, outputs[name])] as const),
  );
  const shapes = Object.fromEntries(
    Object.entries(floats).map(([name, { shape }]) => [name, shape] as const),
  );
  if (fitsHead(head, shapes, classes)) return floats;
  const came = Object.entries(shapes).map(
    ([name, shape]) => `'${name}' as [${shape.join(", ").slice(0, 60)}]`,
  );
  throw invalid(`the outputs came as ${came.join(", ")}, expected ${wantedShapes(head, classes)}`);
}

function floatsOf(name: string, tensor: Tensor | undefined): FloatTensor {
  if (tensor === undefined) throw invalid(`output '${name}' is missing`);
  const floats = asFloats(tensor);
  if (floats === undefined) throw invalid(`output '${name}' is ${tensor.datatype}, expected FP32 or FP16`);
  const numbers = floats.shape.reduce((product, side) => product * side, 1);
  if (numbers === floats.data.length) return floats;
  throw invalid(`output '${name}' has ${floats.data.length} numbers, its shape asks for ${numbers}`);
}

function invalid(problem: string): TradewindError {
  return new TradewindError("backend_answer_invalid", `the model's answer cannot be read: ${problem}`);
}
