import { createHash } from "node:crypto";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { readOnnx } from "#inference/models/onnx.ts";
import { parsePythonLiteral } from "#inference/models/python-literal.ts";
import { seededRandom } from "#test/support/random.ts";
import { yolov8nGraph, yolov8nShape } from "#test/support/yolov8n-shape.ts";

const file = yolov8nShape();

test("the random detector has YOLOv8n's 64 convolutions and 3,151,888 parameters beside the 16 fixed ones", () => {
  const { nodes, weights = [] } = yolov8nGraph();
  const convolutions = nodes.filter(({ op }) => op === "Conv");
  const theirs = new Set(convolutions.flatMap(({ inputs }) => inputs.slice(1)));
  const sizes = weights.filter(({ name }) => theirs.has(name)).map(({ data }) => data.length);
  expect(convolutions).toHaveLength(64);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3_151_888 + 16);
  expect(nodes.filter(({ op }) => op === "Sigmoid")).toHaveLength(57 + 1);
});

test("the random detector is the same file every time", () => {
  const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  expect(digest(yolov8nShape())).toBe(digest(file));
  expect(file.byteLength).toBeGreaterThan(12_600_000);
});

test("the random detector says of itself what an export of its family says", () => {
  const { inputs, outputs, metadata } = readOnnx(file);
  expect(inputs).toEqual([{ name: "images", elementType: "float32", dims: [1, 3, 640, 640] }]);
  expect(outputs).toEqual([{ name: "output0", elementType: "float32", dims: [1, 84, 8400] }]);
  expect(Object.fromEntries(metadata)).toMatchObject({ task: "detect", imgsz: "[640, 640]", stride: "32" });
  const names = parsePythonLiteral(metadata.get("names") ?? "");
  expect(names instanceof Map ? [names.size, names.get(79)] : names).toEqual([80, "class79"]);
});

test("the random detector answers finite boxes of sensible size, few of them with a score above a quarter", async () => {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const random = seededRandom(1);
  const pixels = Float32Array.from({ length: 3 * 640 * 640 }, () => random.between(0, 1));
  const { output0 } = await session.run({ images: new Tensor("float32", pixels, [1, 3, 640, 640]) });
  await session.release();
  expect(output0?.dims).toEqual([1, 84, 8_400]);
  const values = output0?.data instanceof Float32Array ? output0.data : new Float32Array();
  expect(values.every(Number.isFinite)).toBe(true);
  const widths = values.subarray(2 * 8_400, 3 * 8_400);
  expect(Math.min(...widths)).toBeGreaterThan(8);
  expect(Math.max(...widths)).toBeLessThan(640);
  const strong = values.subarray(4 * 8_400).filter((score) => score > 0.25).length;
  expect(strong).toBeGreaterThan(5);
  expect(strong).toBeLessThan(500);
});
