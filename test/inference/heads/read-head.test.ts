import { expect, test } from "vitest";
import type { FloatTensor, Tensor } from "#inference/contract.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import type { HeadPlan } from "#inference/heads/head-plan.ts";
import { readHead } from "#inference/heads/read-head.ts";
import { letterbox } from "#inference/image/letterbox.ts";
import { anchorsTensor, rowsTensor } from "./tensors.ts";

/** Half as large in the input, with eight grey rows above and below. */
const image = { width: 64, height: 32 };
const seen = { image, letterbox: letterbox(image, { width: 32, height: 32 }) };
const anchors = { output: "output0", layout: "anchors", agnostic: false } as const;
const settled = { ...anchors, layout: "settled" } as const;

const read = (head: HeadPlan, names: readonly string[], outputs: Readonly<Record<string, Tensor>>) =>
  readHead({ head, names }, outputs, seen, detectDefaults);
const one = (output0: FloatTensor) => ({ output0 });

test("a detector's boxes come out named and in the image's pixels", () => {
  const output = one(anchorsTensor([[16, 16, 8, 4, 0.5, 0.75]]));
  expect(read({ kind: "detect", ...anchors }, ["cat", "dog"], output)).toEqual([
    { name: "dog", class: 1, score: 0.75, box: { x1: 24, y1: 12, x2: 40, y2: 20 } },
  ]);
});

test("what a graph settled by itself comes out the same, of whatever task", () => {
  const row = [12, 14, 20, 18, 0.75, 1];
  const detection = { name: "dog", class: 1, score: 0.75, box: { x1: 24, y1: 12, x2: 40, y2: 20 } };
  const names = ["cat", "dog"];
  expect(read({ kind: "detect", ...settled }, names, one(rowsTensor([row])))).toEqual([detection]);
  const keypoints = { count: 1, numbers: 2 } as const;
  const pose = one(rowsTensor([[...row, 16, 16]]));
  expect(read({ kind: "pose", ...settled, keypoints }, names, pose)).toEqual([
    { ...detection, keypoints: [{ x: 32, y: 16, visibility: 1 }] },
  ]);
  const turned = one(rowsTensor([[16, 16, 8, 4, 0.75, 1, 0]]));
  expect(read({ kind: "obb", ...settled }, names, turned)).toMatchObject([detection]);
  const outputs = { ...one(rowsTensor([[...row, 1]])), protos: ones };
  expect(read({ kind: "segment", ...settled, prototypes: "protos" }, names, outputs)).toEqual([
    { ...detection, mask: expect.any(String) },
  ]);
});

const ones: Tensor = { datatype: "FP32", shape: [1, 1, 4, 4], data: new Float32Array(16).fill(1) };

test("a thing that was segmented carries its mask over the whole image", () => {
  const head = { kind: "segment", ...anchors, prototypes: "protos" } as const;
  const output0 = anchorsTensor([[16, 16, 32, 16, 0.75, 1]]);
  // All of the image's 2,048 pixels, after none that are clear.
  expect(read(head, ["cat"], { output0, protos: ones })).toMatchObject([{ mask: "0PP2" }]);
});

test("keypoints come in the image's pixels, cut at its edges, and one that is no point is not seen", () => {
  const keypoints = { count: 4, numbers: 3 } as const;
  const points = [16, 16, 0.5, -9, 40, 2, Number.NaN, 16, 1, 16, 16, Number.NaN];
  const output = one(anchorsTensor([[16, 16, 8, 4, 0.75, ...points]]));
  const [found] = read({ kind: "pose", ...anchors, keypoints }, ["person"], output);
  expect(found?.keypoints).toEqual([
    { x: 32, y: 16, visibility: 0.5 },
    { x: 0, y: 32, visibility: 1 },
    { x: 0, y: 0, visibility: 0 },
    { x: 0, y: 0, visibility: 0 },
  ]);
});

test("a rotated box has its corners in order around it, and the upright box around them", () => {
  const output = one(anchorsTensor([[16, 16, 8, 4, 0.75, Math.PI / 2]]));
  const [found] = read({ kind: "obb", ...anchors }, ["ship"], output);
  const corners = found?.corners?.map(({ x, y }) => [Math.round(x), Math.round(y)]);
  expect(corners).toEqual([
    [28, 24],
    [36, 24],
    [36, 8],
    [28, 8],
  ]);
  expect(found?.box.x1).toBeCloseTo(28, 5);
  expect(found?.box.y2).toBeCloseTo(24, 5);
});

test("corners may lie outside of the image where the box around them does not", () => {
  const [found] = read({ kind: "obb", ...anchors }, ["ship"], one(anchorsTensor([[1, 16, 8, 4, 0.75, 0]])));
  expect(found?.corners?.map(({ x }) => x)).toEqual([10, 10, -6, -6]);
  expect(found?.box).toEqual({ x1: 0, y1: 12, x2: 10, y2: 20 });
});

test("a class of the whole image has the image as its box", () => {
  const output0 = { datatype: "FP32" as const, shape: [1, 2], data: Float32Array.of(0.25, 0.75) };
  const head = { kind: "classify", output: "output0", logits: false } as const;
  expect(read(head, ["cat", "dog"], { output0 })).toEqual([
    { name: "dog", class: 1, score: 0.75, box: { x1: 0, y1: 0, x2: 64, y2: 32 } },
  ]);
});

test("queries speak of parts of the image, whatever grey was around it", () => {
  const row = [0.5, 0.5, 0.25, 2, 0, 0.75];
  const expected = [{ name: "dog", class: 1, score: 0.75, box: { x1: 24, y1: 0, x2: 40, y2: 32 } }];
  expect(read({ kind: "queries", output: "output0" }, ["cat", "dog"], one(rowsTensor([row])))).toEqual(
    expected,
  );
  const outputs = {
    dets: rowsTensor([row.slice(0, 4)]),
    labels: rowsTensor([[0, 0, Math.log(6), 0].slice(1)]),
  };
  const pair = read({ kind: "query-pair", boxes: "dets", logits: "labels" }, ["cat", "dog"], outputs);
  expect(pair).toMatchObject([{ class: 1, box: expected[0]?.box }]);
});

test("half floats are read as floats are", () => {
  const output0 = {
    datatype: "FP16" as const,
    shape: [1, 5, 1],
    data: Uint16Array.of(0x4c00, 0x4c00, 0x4800, 0x4400, 0x3a00),
  };
  expect(read({ kind: "detect", ...anchors }, ["cat"], { output0 })).toEqual([
    { name: "cat", class: 0, score: 0.75, box: { x1: 24, y1: 12, x2: 40, y2: 20 } },
  ]);
});

test("agnostic is what the model's export says, unless the caller says otherwise", () => {
  const outputs = one(
    anchorsTensor([
      [16, 16, 8, 4, 0.5, 0],
      [16, 16, 8, 4, 0, 0.75],
    ]),
  );
  const head = { kind: "detect", ...anchors, agnostic: true } as const;
  const reading = { head, names: ["cat", "dog"] };
  expect(readHead(reading, outputs, seen, detectDefaults)).toHaveLength(1);
  expect(readHead(reading, outputs, seen, { ...detectDefaults, agnostic: false })).toHaveLength(2);
});

const table = anchorsTensor([[16, 16, 8, 4, 0.5, 0.75]]);
const detect: HeadPlan = { kind: "detect", ...anchors };

test.each<[string, HeadPlan, Readonly<Record<string, Tensor>>, string]>([
  ["an output missing", detect, {}, "'output0' is missing"],
  [
    "whole numbers",
    detect,
    { output0: { datatype: "INT32", shape: [1, 6, 1], data: new Int32Array(6) } },
    "is INT32, expected FP32 or FP16",
  ],
  [
    "fewer numbers than the shape says",
    detect,
    one({ ...table, shape: [1, 6, 2] }),
    "6 numbers, its shape asks for 12",
  ],
  ["two images", detect, one({ ...table, shape: [2, 3, 1] }), "as [2, 3, 1], expected [1, 6, anchors]"],
  ["another class count", detect, one({ ...table, shape: [1, 3, 2] }), "expected [1, 6, anchors]"],
  ["four dimensions", detect, one({ ...table, shape: [1, 6, 1, 1] }), "expected [1, 6, anchors]"],
  [
    "rows of another width",
    { kind: "detect", ...settled },
    one(rowsTensor([[1, 2, 3, 4, 5]])),
    "expected [1, rows, 6]",
  ],
  [
    "no prototypes",
    { kind: "segment", ...anchors, prototypes: "protos" },
    { output0: table, protos: table },
    "expected [1, 4 + 2 + prototypes, anchors] and [1, prototypes, height, width]",
  ],
  [
    "more boxes than logits",
    { kind: "query-pair", boxes: "a", logits: "b" },
    {
      a: rowsTensor([
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ]),
      b: rowsTensor([[0, 0]]),
    },
    "expected [1, queries, 4] and [1, queries, classes]",
  ],
  [
    "one class too few",
    { kind: "classify", output: "output0", logits: false },
    { output0: { ...table, shape: [1, 6] } },
    "expected [1, 2]",
  ],
])("an answer with %s is refused with what came and what was expected", (_, head, outputs, said) => {
  expect(() => read(head, ["cat", "dog"], outputs)).toThrow(
    expect.objectContaining({ code: "backend_answer_invalid", message: expect.stringContaining(said) }),
  );
});
