import { type GraphEntry, type GraphFile, writeGraphFile } from "../onnx/graph-file.ts";
import { holdsGraph, type OnnxNode, reconnect } from "../onnx/node.ts";
import { type Chunks, messagePart, type Part, textPart } from "../onnx/parts.ts";
import type { PairPlan } from "../plan/plan-pairs.ts";
import type { Grid, Range } from "../scales.ts";
import type { NumberKinds } from "../targets.ts";
import { freshNames } from "./fresh-names.ts";
import { placeGrids } from "./place-grids.ts";
import { type PlacedPair, placePairs } from "./place-pairs.ts";
import { placeWeights } from "./place-weights.ts";

export type InsertOptions = {
  readonly plan: PairPlan;
  /** Of every tensor that gives a range to one of the plan. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** Of tensors whose channels have ranges of their own, a range for each channel. */
  readonly channelRanges: ReadonlyMap<string, readonly Range[]>;
  readonly kinds: NumberKinds;
  /** What the file's metadata says of it afterwards. */
  readonly note: { readonly key: string; readonly value: string };
};

/** The file with pairs of QuantizeLinear and DequantizeLinear in its graph, and whole numbers for its weights. */
export function insertPairs(file: GraphFile, { plan, kinds, note, ...seen }: InsertOptions): Chunks {
  const fresh = freshNames(file.names);
  const grids = placeGrids(new Set(plan.pairs.values()), { ...seen, kinds, fresh });
  const isOutput = (tensor: string): boolean => file.outputs.includes(tensor);
  const pairs = placePairs(plan.pairs, { grids, isOutput, fresh });
  const inputScaleOf = (tensor: string): number => grids.get(plan.pairs.get(tensor) ?? "")?.scale ?? 1;
  const channelsOf = (tensor: string): readonly Grid[] | undefined => grids.get(tensor)?.channels?.grids;
  const weights = placeWeights(plan.weighted.values(), { inputScaleOf, channelsOf, kinds, fresh });
  const nodes = file.nodes.map((node) => ({ node, inputs: inputsOf(node, pairs, weights.names.get(node)) }));
  const unused = unusedWeights(
    file,
    plan,
    nodes.flatMap(({ inputs }) => inputs),
  );
  const rest = file.entries.filter((entry) => entry.kind !== "node" && !names(entry, unused));
  const graph = [
    ...weights.operations,
    ...file.inputs.flatMap((name) => pairs.get(name)?.operations ?? []),
    ...nodes.flatMap(({ node, inputs }) => (isUnused(node, unused) ? [] : placeNode(node, inputs, pairs))),
    ...rest.map(({ part }) => part),
    ...Array.from(grids.values()).flatMap(({ tensors }) => tensors),
    ...weights.tensors,
  ];
  const { key, value } = note;
  return writeGraphFile(file, graph, [messagePart(14, [textPart(1, key), textPart(2, value)])]);
}

/** An operation's inputs from now on: what comes back from whole numbers, its weights among them. */
function inputsOf(
  { inputs }: OnnxNode,
  pairs: ReadonlyMap<string, PlacedPair>,
  [weight, bias]: readonly string[] = [],
): readonly string[] {
  const flowing = inputs.map((name) => pairs.get(name)?.back ?? name);
  return flowing.map((name, index) => (index === 1 && weight) || (index === 2 && bias) || name);
}

function placeNode(
  node: OnnxNode,
  inputs: readonly string[],
  pairs: ReadonlyMap<string, PlacedPair>,
): readonly Part[] {
  const outputs = node.outputs.map((name) => pairs.get(name)?.raw ?? name);
  const placed = node.outputs.flatMap((name) => pairs.get(name)?.operations ?? []);
  const isSame = isEqual(inputs, node.inputs) && isEqual(outputs, node.outputs);
  return [isSame ? node.field : reconnect(node, inputs, outputs), ...placed];
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.every((name, index) => name === other[index]);
}

/** The floats that whole numbers stand for now; where a part of the graph may see all names, they stay. */
function unusedWeights(
  file: GraphFile,
  { weighted }: PairPlan,
  used: readonly string[],
): ReadonlySet<string> {
  if (file.nodes.some(holdsGraph)) return new Set();
  const needed = new Set([...used, ...file.outputs]);
  const replaced = Array.from(weighted.values()).flatMap(({ node }) => node.inputs.slice(1));
  return new Set(replaced.filter((name) => name !== "" && !needed.has(name)));
}

function isUnused({ op, outputs }: OnnxNode, unused: ReadonlySet<string>): boolean {
  return op === "Constant" && unused.has(outputs[0] ?? "");
}

function names(entry: GraphEntry, unused: ReadonlySet<string>): boolean {
  if (entry.kind === "constant") return unused.has(entry.tensor.name);
  return (entry.kind === "input" || entry.kind === "described") && unused.has(entry.name);
}
