import { nodePart, type OnnxNode } from "../onnx/node.ts";
import type { Part } from "../onnx/parts.ts";
import { floatsOf, tensorPart } from "../onnx/tensor.ts";
import type { Weighted } from "../plan/find-weighted.ts";
import { biasScales, type Grid, quantizeBias, quantizeWeights, weightScales } from "../scales.ts";
import type { NumberKinds } from "../targets.ts";
import type { FreshName } from "./fresh-names.ts";

/** Whole numbers in place of an operation's weights and bias. */
export type PlacedWeights = {
  /** The names of what comes back from them, by the operation: weights, and bias where there is one. */
  readonly names: ReadonlyMap<OnnxNode, readonly string[]>;
  readonly operations: readonly Part[];
  readonly tensors: readonly Part[];
};

export type WeightOptions = {
  /** The scale of the tensor that flows in. */
  readonly inputScaleOf: (tensor: string) => number;
  /** The grids of the channels that come out, where each has its own. */
  readonly channelsOf: (tensor: string) => readonly Grid[] | undefined;
  readonly kinds: NumberKinds;
  readonly fresh: FreshName;
};

/** Weights that several operations share are quantized once, for all of them. */
export function placeWeights(all: Iterable<Weighted>, options: WeightOptions): PlacedWeights {
  const shared = Map.groupBy(all, ({ weight, axis }) => `${axis} ${weight.name}`);
  const names = new Map<OnnxNode, readonly string[]>();
  const [operations, tensors]: [Part[], Part[]] = [[], []];
  for (const users of shared.values()) {
    const placed = placeShared(users, options);
    for (const [node, inputs] of placed.names) names.set(node, inputs);
    operations.push(...placed.operations);
    tensors.push(...placed.tensors);
  }
  return { names, operations, tensors };
}

function placeShared(users: readonly Weighted[], options: WeightOptions): PlacedWeights {
  const { kinds, inputScaleOf, fresh } = options;
  const [first] = users;
  if (!first) return { names: new Map(), operations: [], tensors: [] };
  const { weight, axis } = first;
  const weights = { values: stretched(first, options), dims: weight.dims, axis };
  const uses = users.map((user) => ({ inputScale: inputScaleOf(user.input), bias: shifted(user, options) }));
  const scales = weightScales(weights, kinds.mostWeight, uses);
  const data = quantizeWeights(weights, scales, kinds.mostWeight);
  const placed = placeConstant({ name: weight.name, dims: weight.dims, data, scales, axis }, fresh);
  const biases = users.map((user) => placeBias(user, scales, options));
  return {
    names: new Map(users.map(({ node }, index) => [node, [placed.back, ...(biases[index]?.back ?? [])]])),
    operations: [placed, ...biases].flatMap(({ operations }) => operations),
    tensors: [placed, ...biases].flatMap(({ tensors }) => tensors),
  };
}

function placeBias(user: Weighted, scales: Float32Array, options: WeightOptions) {
  const { input, bias } = user;
  const values = shifted(user, options);
  if (!bias || !values) return { back: [], operations: [], tensors: [] };
  const bothScales = biasScales(options.inputScaleOf(input), scales);
  const data = quantizeBias(values, bothScales);
  const made = { name: bias.name, dims: bias.dims, data, scales: bothScales, axis: 0 };
  const { back, operations, tensors } = placeConstant(made, options.fresh);
  return { back: [back], operations, tensors };
}

/** The weights; where each channel counts in steps of its own, in these steps. */
function stretched({ node, weight }: Weighted, { channelsOf }: WeightOptions): Float32Array {
  const values = floatsOf(weight);
  const grids = channelsOf(node.outputs[0] ?? "");
  if (!grids) return values;
  const each = values.length / grids.length;
  return values.map((value, index) => value / (grids[Math.floor(index / each)]?.scale ?? 1));
}

/** What is added to each channel; where each counts in steps of its own, also what brings it to its own zero point. */
function shifted({ node, bias }: Weighted, { channelsOf, kinds }: WeightOptions): Float32Array | undefined {
  const values = bias && floatsOf(bias);
  const grids = channelsOf(node.outputs[0] ?? "");
  if (!values || !grids) return values;
  return values.map((value, channel) => {
    const { scale, zeroPoint } = grids[channel] ?? { scale: 1, zeroPoint: 0 };
    return value / scale + zeroPoint - kinds.activation.least;
  });
}

type MadeConstant = {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Int8Array | Int32Array;
  readonly scales: Float32Array;
  readonly axis: number;
};

/** The axis must be said: the runtime would take another and fail when it runs. */
function placeConstant({ name, dims, data, scales, axis }: MadeConstant, fresh: FreshName) {
  const [whole, scale, zero] = [
    fresh(`${name}_quantized`),
    fresh(`${name}_scale`),
    fresh(`${name}_zero_point`),
  ];
  const back = fresh(`${name}_dequantized`);
  const channels = [scales.length];
  const zeros = data instanceof Int8Array ? new Int8Array(scales.length) : new Int32Array(scales.length);
  return {
    back,
    operations: [
      nodePart({ op: "DequantizeLinear", inputs: [whole, scale, zero], outputs: [back], ints: { axis } }),
    ],
    tensors: [
      tensorPart(5, { name: whole, dims, data }),
      tensorPart(5, { name: scale, dims: channels, data: scales }),
      tensorPart(5, { name: zero, dims: channels, data: zeros }),
    ],
  };
}
