import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type WrittenModel, writeOnnx } from "./onnx-writer.ts";

export const colourNames = ["red", "green", "blue"];

/**
 * A detector that says how red, green and blue its input is on average: box 0 (16,16)-(48,48) of 64x64 has the red score,
 * box 1 the green one, and so on; with four anchors, of which the last always scores 0.
 */
export function colourModel(changes: Partial<WrittenModel> = {}): Buffer {
  const square = [32, 32, 32, 32];
  return writeOnnx({
    inputs: [{ name: "images", dims: [1, 3, 64, 64] }],
    outputs: [{ name: "output0", dims: [1, 7, 4] }],
    nodes: [
      {
        op: "ReduceMean",
        inputs: ["images"],
        outputs: ["means"],
        ints: { axes: [2, 3] },
        int: { keepdims: 0 },
      },
      // Below opset 13 the axes are an attribute, which spares an int64 weight.
      { op: "Unsqueeze", inputs: ["means"], outputs: ["column"], ints: { axes: [2] } },
      { op: "Mul", inputs: ["column", "mask"], outputs: ["scores"] },
      { op: "Concat", inputs: ["boxes", "scores"], outputs: ["output0"], int: { axis: 1 } },
    ],
    weights: [
      { name: "boxes", dims: [1, 4, 4], data: [square, square, square, square].flat() },
      { name: "mask", dims: [1, 3, 4], data: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] },
    ],
    metadata: { task: "detect", imgsz: "[64, 64]", names: "{0: 'red', 1: 'green', 2: 'blue'}" },
    opset: 11,
    ...changes,
  });
}

/** Writes the colour model where a test wants it. */
export async function writeColourModel(path: string, changes: Partial<WrittenModel> = {}): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, colourModel(changes));
  return path;
}
