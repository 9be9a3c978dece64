import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import type { Golden } from "#inference/artefacts/golden.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { openModel } from "#inference/open-model.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { writeColourModel } from "../colour-model.ts";
import type { WrittenModel, WrittenNode } from "../onnx-writer.ts";

const colours = [
  { r: 255, g: 0, b: 0 },
  { r: 0, g: 255, b: 0 },
  { r: 0, g: 0, b: 255 },
  { r: 255, g: 255, b: 0 },
];

/** Writes golden images of plain colours with what this model says of them, as a publisher does. */
export async function writeGoldenColours(model: string, path: string): Promise<string> {
  const { signal } = new AbortController();
  await using open = await openModel(
    { name: "colour", version: "1", path: model },
    { workers: 1, clock: systemClock, signal },
  );
  const images: Golden["images"] = [];
  for (const [index, background] of colours.entries()) {
    const image = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
      .png()
      .toBuffer();
    const answer = await open.detect?.(image, { options: detectDefaults, signal });
    const detections = (answer?.detections ?? []).map(({ class: index, score, box }) => ({
      class: index,
      score,
      box,
    }));
    images.push({ name: `${index}.png`, image: image.toString("base64"), detections });
  }
  await writeFile(path, JSON.stringify({ schema: 1, images }));
  return path;
}

const square = [32, 32, 32, 32];
const boxes = { name: "boxes", dims: [1, 4, 4], data: [square, square, square, square].flat() };
const mask = (data: readonly number[]) => ({ name: "mask", dims: [1, 3, 4], data });
const straight = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

/** Ways in which a release of the colour model may be bad though its file is whole. */
export const badColours = {
  "NaN weights": { weights: [boxes, mask([Number.NaN, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0])] },
  "NaN where nobody looks": {
    weights: [{ ...boxes, data: [Number.NaN, ...boxes.data.slice(1, 15), Number.NaN] }, mask(straight)],
  },
  "permuted classes": {
    nodes: [
      {
        op: "ReduceMean",
        inputs: ["images"],
        outputs: ["means"],
        ints: { axes: [2, 3] },
        int: { keepdims: 0 },
      },
      { op: "Gather", inputs: ["means", "order"], outputs: ["turned"], int: { axis: 1 } },
      { op: "Unsqueeze", inputs: ["turned"], outputs: ["column"], ints: { axes: [2] } },
      { op: "Mul", inputs: ["column", "mask"], outputs: ["scores"] },
      { op: "Concat", inputs: ["boxes", "scores"], outputs: ["output0"], int: { axis: 1 } },
    ],
    weights: [boxes, mask(straight), { name: "order", dims: [3], data: BigInt64Array.of(1n, 2n, 0n) }],
  },
  "another input size": {
    inputs: [{ name: "images", dims: [1, 3, 32, 32] }],
    metadata: { task: "detect", imgsz: "[32, 32]", names: "{0: 'red', 1: 'green', 2: 'blue'}" },
  },
  "one class too many": {
    metadata: { task: "detect", imgsz: "[64, 64]", names: "{0: 'r', 1: 'g', 2: 'b', 3: 'x'}" },
  },
} satisfies Record<string, Partial<WrittenModel>>;

/** The same answers, after as many products of matrices of this side as make it slow, or large. */
export async function writeHeavyColours(
  path: string,
  heavy: { readonly side: number; readonly products: number },
) {
  const { side, products } = heavy;
  const usual: readonly WrittenNode[] = [
    {
      op: "ReduceMean",
      inputs: ["images"],
      outputs: ["means"],
      ints: { axes: [2, 3] },
      int: { keepdims: 0 },
    },
    { op: "Unsqueeze", inputs: ["means"], outputs: ["column"], ints: { axes: [2] } },
    { op: "Mul", inputs: ["column", "mask"], outputs: ["scores"] },
    { op: "Concat", inputs: ["boxes", "scores"], outputs: ["light"], int: { axis: 1 } },
  ];
  const chain: readonly WrittenNode[] = [
    {
      op: "ReduceMean",
      inputs: ["images"],
      outputs: ["one"],
      ints: { axes: [0, 1, 2, 3] },
      int: { keepdims: 0 },
    },
    { op: "Mul", inputs: ["line", "one"], outputs: ["row"] },
    { op: "MatMul", inputs: ["pole", "row"], outputs: ["product0"] },
    ...Array.from({ length: products }, (_, index) => ({
      op: "MatMul",
      inputs: [`product${index}`, "product0"],
      outputs: [`product${index + 1}`],
    })),
    {
      op: "ReduceMean",
      inputs: [`product${products}`],
      outputs: ["all"],
      ints: { axes: [0, 1] },
      int: { keepdims: 0 },
    },
    { op: "Mul", inputs: ["all", "nothing"], outputs: ["weightless"] },
    { op: "Add", inputs: ["light", "weightless"], outputs: ["output0"] },
  ];
  return await writeColourModel(path, {
    nodes: [...usual, ...chain],
    weights: [
      ...[boxes, mask(straight), { name: "nothing", dims: [], data: [0] }],
      { name: "line", dims: [1, side], data: new Float32Array(side).fill(1 / side) },
      { name: "pole", dims: [side, 1], data: new Float32Array(side).fill(1 / side) },
    ],
  });
}
