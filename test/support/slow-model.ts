import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Tensors } from "#inference/contract.ts";
import { writeOnnx } from "./onnx-writer.ts";

const products = 64;

/** A model that multiplies its square input by itself, over and over: a large one keeps it busy for many seconds. */
export async function writeSlowModel(path: string): Promise<string> {
  const step = (index: number): string => (index === products ? "y" : `product${index}`);
  const nodes = Array.from({ length: products }, (_, index) => ({
    op: "MatMul",
    inputs: [index === 0 ? "x" : step(index), "x"],
    outputs: [step(index + 1)],
  }));
  const model = writeOnnx({
    inputs: [{ name: "x", dims: ["n", "n"] }],
    outputs: [{ name: "y", dims: ["n", "n"] }],
    nodes,
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, model);
  return path;
}

/** An input that takes one core many seconds. */
export function slowInput(): Tensors {
  return squareOf(2_048);
}

export function quickInput(): Tensors {
  return squareOf(2);
}

function squareOf(side: number): Tensors {
  return { x: { datatype: "FP32", shape: [side, side], data: new Float32Array(side * side).fill(1 / side) } };
}
