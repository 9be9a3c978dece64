import {
  type WrittenModel,
  type WrittenNode,
  type WrittenTensor,
  type WrittenWeight,
  writeOnnx,
} from "./onnx-writer.ts";
import { type Random, seededRandom } from "./random.ts";

/**
 * A detector with the structure of YOLOv8n (64 convolutions, 3,151,888 parameters) and random weights: it finds nothing
 * of sense and costs what the real one costs, so that speed can be measured without anybody's weights.
 */
export function yolov8nShape(): Buffer {
  return writeOnnx(yolov8nGraph());
}

/** The same bytes every time: the seed is fixed. */
export function yolov8nGraph(): WrittenModel {
  const graph = new Graph(seededRandom(8));
  const output = detect(graph, neck(graph, backbone(graph)));
  return {
    opset: 17,
    inputs: [{ name: "images", dims: [1, 3, side, side] }],
    outputs: [named(graph, output, [1, 4 + classes, places])],
    nodes: graph.nodes,
    weights: graph.weights,
    metadata,
  };
}

const side = 640;
const classes = 80;
const strides = [8, 16, 32];
/** The places along a box's side that the head chooses among. */
const bins = 16;
const places = strides.reduce((sum, stride) => sum + (side / stride) ** 2, 0);

/** As exporters of this family write it: every value is a Python literal. */
const metadata = {
  description: "random weights in the shape of YOLOv8n",
  stride: "32",
  task: "detect",
  batch: "1",
  imgsz: `[${side}, ${side}]`,
  names: `{${Array.from({ length: classes }, (_, index) => `${index}: 'class${index}'`).join(", ")}}`,
};

/** An intermediate result: its name in the graph, and its channels. */
type Value = { readonly name: string; readonly channels: number };

/** The graph while it is being drawn, which only ever grows. */
class Graph {
  readonly nodes: WrittenNode[] = [];
  readonly weights: WrittenWeight[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  add(node: Omit<WrittenNode, "outputs">, channels: number): Value {
    const [value = { name: "", channels }] = this.addMany(node, [channels]);
    return value;
  }

  addMany(node: Omit<WrittenNode, "outputs">, channels: readonly number[]): readonly Value[] {
    const values = channels.map((count, index) => ({
      name: `${node.op}_${this.nodes.length}_${index}`,
      channels: count,
    }));
    this.nodes.push({ ...node, outputs: values.map(({ name }) => name) });
    return values;
  }

  constant(dims: readonly number[], data: WrittenWeight["data"]): string {
    const name = `constant_${this.weights.length}`;
    this.weights.push({ name, dims, data });
    return name;
  }

  /** Whole numbers, as the shapes that some operators take. */
  integers(...values: readonly number[]): string {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  /** Evenly spread weights that keep the size of what varies, and cancel what all inputs have in common. */
  draw(dims: readonly number[], gain = 1): string {
    const [outputs = 1, ...inputs] = dims;
    const fanIn = inputs.reduce((product, dim) => product * dim, 1);
    const limit = gain * Math.sqrt(3 / fanIn);
    const data = Float32Array.from({ length: outputs * fanIn }, () => this.#random.between(-limit, limit));
    for (let from = 0; from < data.length; from += fanIn) centre(data.subarray(from, from + fanIn));
    return this.constant(dims, data);
  }
}

function centre(values: Float32Array): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  for (let index = 0; index < values.length; index += 1) values[index] = (values[index] ?? 0) - mean;
}

/**
 * Random layers of SiLU either fade or explode when they are this many. Lifted by two, a SiLU makes small differences
 * a little larger and large ones smaller, so that they settle.
 */
const lift = 2;

type Shape = { readonly kernel?: number; readonly stride?: number };
type Plain = { readonly gain?: number; readonly bias?: number };

function plainConv(graph: Graph, input: Value, channels: number, shape: Shape & Plain = {}): Value {
  const { kernel = 1, stride = 1, gain = 1, bias = 0 } = shape;
  const pad = (kernel - 1) / 2;
  const weight = graph.draw([channels, input.channels, kernel, kernel], gain);
  const offset = graph.constant([channels], new Float32Array(channels).fill(bias));
  const ints = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
  return graph.add({ op: "Conv", inputs: [input.name, weight, offset], ints }, channels);
}

/** A convolution with its normalisation folded in, and a SiLU. */
function conv(graph: Graph, input: Value, channels: number, shape: Shape = {}): Value {
  const before = plainConv(graph, input, channels, { ...shape, bias: lift });
  const gate = graph.add({ op: "Sigmoid", inputs: [before.name] }, channels);
  return graph.add({ op: "Mul", inputs: [before.name, gate.name] }, channels);
}

type Stage = { readonly repeats?: number; readonly shortcut?: boolean };

/** A stage that splits its channels, refines one half step by step, and joins all steps. */
function c2f(graph: Graph, input: Value, channels: number, { repeats = 1, shortcut = false }: Stage): Value {
  const half = channels / 2;
  const split = halves(graph, conv(graph, input, channels), half);
  const steps = [...split];
  for (let step = 0; step < repeats; step += 1) {
    const from = steps.at(-1) ?? input;
    const refined = conv(graph, conv(graph, from, half, { kernel: 3 }), half, { kernel: 3 });
    steps.push(shortcut ? graph.add({ op: "Add", inputs: [from.name, refined.name] }, half) : refined);
  }
  return conv(graph, concat(graph, steps), channels);
}

function halves(graph: Graph, input: Value, half: number): readonly Value[] {
  const node = { op: "Split", inputs: [input.name, graph.integers(half, half)], int: { axis: 1 } };
  return graph.addMany(node, [half, half]);
}

function concat(graph: Graph, values: readonly Value[], axis = 1): Value {
  const channels = values.reduce((sum, value) => sum + value.channels, 0);
  return graph.add({ op: "Concat", inputs: values.map(({ name }) => name), int: { axis } }, channels);
}

/** The same surroundings at three sizes, side by side. */
function pyramidPool(graph: Graph, input: Value): Value {
  const ints = { kernel_shape: [5, 5], strides: [1, 1], pads: [2, 2, 2, 2] };
  const pooled = [conv(graph, input, input.channels / 2)];
  for (let size = 0; size < 3; size += 1) {
    const from = pooled.at(-1) ?? input;
    pooled.push(graph.add({ op: "MaxPool", inputs: [from.name], ints }, from.channels));
  }
  return conv(graph, concat(graph, pooled), input.channels);
}

function double(graph: Graph, input: Value): Value {
  const scales = graph.constant([4], [1, 1, 2, 2]);
  const string = { mode: "nearest", nearest_mode: "floor", coordinate_transformation_mode: "asymmetric" };
  return graph.add({ op: "Resize", inputs: [input.name, "", scales], string }, input.channels);
}

type Pyramid = readonly [fine: Value, middle: Value, coarse: Value];

function backbone(graph: Graph): Pyramid {
  const halving = { kernel: 3, stride: 2 };
  const shortcut = true;
  let value = conv(graph, { name: "images", channels: 3 }, 16, halving);
  value = c2f(graph, conv(graph, value, 32, halving), 32, { shortcut });
  const fine = c2f(graph, conv(graph, value, 64, halving), 64, { repeats: 2, shortcut });
  const middle = c2f(graph, conv(graph, fine, 128, halving), 128, { repeats: 2, shortcut });
  const coarse = c2f(graph, conv(graph, middle, 256, halving), 256, { shortcut });
  return [fine, middle, pyramidPool(graph, coarse)];
}

/** What is coarse goes down to what is fine, and back up. */
function neck(graph: Graph, [fine, middle, coarse]: Pyramid): Pyramid {
  const halving = { kernel: 3, stride: 2 };
  const down = c2f(graph, concat(graph, [double(graph, coarse), middle]), 128, {});
  const lowest = c2f(graph, concat(graph, [double(graph, down), fine]), 64, {});
  const back = conv(graph, lowest, 64, halving);
  const between = c2f(graph, concat(graph, [back, down]), 128, {});
  const up = conv(graph, between, 128, halving);
  return [lowest, between, c2f(graph, concat(graph, [up, coarse]), 256, {})];
}

/** Few scores pass a quarter, as with trained weights: a bias this low leaves about ninety candidates for suppression. */
const classLogits = { gain: 0.8, bias: -4.2 };

function detect(graph: Graph, levels: Pyramid): Value {
  const flat = levels.map((level) => {
    const box = conv(graph, conv(graph, level, 4 * bins, { kernel: 3 }), 4 * bins, { kernel: 3 });
    const kind = conv(graph, conv(graph, level, classes, { kernel: 3 }), classes, { kernel: 3 });
    const both = [plainConv(graph, box, 4 * bins), plainConv(graph, kind, classes, classLogits)];
    return reshape(graph, concat(graph, both), [1, 4 * bins + classes, -1]);
  });
  const all = graph.add(
    { op: "Concat", inputs: flat.map(({ name }) => name), int: { axis: 2 } },
    4 * bins + classes,
  );
  const [sides = all, logits = all] = graph.addMany(
    { op: "Split", inputs: [all.name, graph.integers(4 * bins, classes)], int: { axis: 1 } },
    [4 * bins, classes],
  );
  const scores = graph.add({ op: "Sigmoid", inputs: [logits.name] }, classes);
  return concat(graph, [boxes(graph, distances(graph, sides)), scores]);
}

/** Each side of a box is the mean of its bins, weighted by how likely each is. */
function distances(graph: Graph, sides: Value): Value {
  const byBin = reshape(graph, sides, [1, 4, bins, places]);
  const turned = graph.add({ op: "Transpose", inputs: [byBin.name], ints: { perm: [0, 2, 1, 3] } }, bins);
  const likely = graph.add({ op: "Softmax", inputs: [turned.name], int: { axis: 1 } }, bins);
  const mean = graph.constant(
    [1, bins, 1, 1],
    Array.from({ length: bins }, (_, index) => index),
  );
  const ints = { kernel_shape: [1, 1] };
  const met = graph.add({ op: "Conv", inputs: [likely.name, mean], ints }, 1);
  return reshape(graph, met, [1, 4, places]);
}

function boxes(graph: Graph, distance: Value): Value {
  const [nearer = distance, farther = distance] = halvesOf(graph, distance);
  const { centres, scale } = anchors();
  const centre = graph.constant([1, 2, places], centres);
  const low = graph.add({ op: "Sub", inputs: [centre, nearer.name] }, 2);
  const high = graph.add({ op: "Add", inputs: [centre, farther.name] }, 2);
  const sum = graph.add({ op: "Add", inputs: [low.name, high.name] }, 2);
  const middle = graph.add({ op: "Div", inputs: [sum.name, graph.constant([1], [2])] }, 2);
  const size = graph.add({ op: "Sub", inputs: [high.name, low.name] }, 2);
  const inCells = concat(graph, [middle, size]);
  return graph.add({ op: "Mul", inputs: [inCells.name, graph.constant([1, places], scale)] }, 4);
}

function halvesOf(graph: Graph, distance: Value): readonly Value[] {
  return halves(graph, distance, 2);
}

/** The centre of each cell of the three grids, in cells, and how many pixels a cell is wide. */
function anchors(): { readonly centres: Float32Array; readonly scale: Float32Array } {
  const centres = new Float32Array(2 * places);
  const scale = new Float32Array(places);
  let place = 0;
  for (const stride of strides) {
    const cells = side / stride;
    for (let cell = 0; cell < cells * cells; cell += 1, place += 1) {
      centres[place] = (cell % cells) + 0.5;
      centres[places + place] = Math.floor(cell / cells) + 0.5;
      scale[place] = stride;
    }
  }
  return { centres, scale };
}

function reshape(graph: Graph, input: Value, dims: readonly number[]): Value {
  const inputs = [input.name, graph.integers(...dims)];
  return graph.add({ op: "Reshape", inputs }, dims[1] ?? 0);
}

/** The graph's result under the name that callers know. */
function named(graph: Graph, { name }: Value, dims: readonly number[]): WrittenTensor {
  graph.nodes.push({ op: "Identity", inputs: [name], outputs: ["output0"] });
  return { name: "output0", dims };
}
