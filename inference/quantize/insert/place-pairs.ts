import { nodePart } from "../onnx/node.ts";
import type { Part } from "../onnx/parts.ts";
import type { FreshName } from "./fresh-names.ts";
import type { PlacedGrid } from "./place-grids.ts";

/** A tensor that becomes whole numbers and comes back. */
export type PlacedPair = {
  /** What its maker gives. */
  readonly raw: string;
  /** What its takers take. */
  readonly back: string;
  readonly operations: readonly Part[];
};

export type PairOptions = {
  readonly grids: ReadonlyMap<string, PlacedGrid>;
  /** Callers know it by this name, so that what comes back must have it. */
  readonly isOutput: (tensor: string) => boolean;
  readonly fresh: FreshName;
};

/** One pair for each tensor that has the range of another or its own: all who take it take the same. */
export function placePairs(
  pairs: ReadonlyMap<string, string>,
  { grids, isOutput, fresh }: PairOptions,
): ReadonlyMap<string, PlacedPair> {
  const placed = new Map<string, PlacedPair>();
  for (const [tensor, root] of pairs) {
    const grid = grids.get(root);
    if (!grid) throw new Error(`'${root}' has no grid`);
    // What is counted in steps of each channel's own is no longer what the name says.
    const isRenamed = isOutput(tensor) || grid.channels !== undefined;
    const raw = isRenamed ? fresh(`${tensor}_raw`) : tensor;
    const back = isRenamed ? tensor : fresh(`${tensor}_dequantized`);
    const whole = fresh(`${tensor}_quantized`);
    placed.set(tensor, { raw, back, operations: operationsOf(grid, raw, whole, back) });
  }
  return placed;
}

function operationsOf(
  { names, channels }: PlacedGrid,
  raw: string,
  whole: string,
  back: string,
): readonly Part[] {
  const there = [raw, names.scale, names.zeroPoint];
  const { scale, zeroPoint } = channels?.names ?? names;
  const ints = channels ? { ints: { axis: 1 } } : {};
  return [
    nodePart({ op: "QuantizeLinear", inputs: there, outputs: [whole] }),
    nodePart({ op: "DequantizeLinear", inputs: [whole, scale, zeroPoint], outputs: [back], ...ints }),
  ];
}
