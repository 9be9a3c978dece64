import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGraphFile, writeGraphFile } from "#inference/quantize/onnx/graph-file.ts";
import { constantOf, floatOf, intOf, intsOf, reconnect, wordOf } from "#inference/quantize/onnx/node.ts";
import {
  bytesPart,
  chunksOf,
  messagePart,
  numberPart,
  readParts,
  textPart,
} from "#inference/quantize/onnx/parts.ts";
import { planPairs } from "#inference/quantize/plan/plan-pairs.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { writeOnnx } from "#test/support/onnx-writer.ts";
import { seededRandom } from "#test/support/random.ts";

const demo = join(import.meta.dirname, "../../../../inference/models/demo");

function small(): Buffer {
  return writeOnnx({
    inputs: [{ name: "x", dims: [1, 1, 2, 2] }],
    outputs: [{ name: "y", dims: [1, 1, 2, 2] }],
    nodes: [
      {
        op: "Conv",
        inputs: ["x", "w", "b"],
        outputs: ["c"],
        ints: { kernel_shape: [1, 1] },
        int: { group: 1 },
      },
      { op: "LeakyRelu", inputs: ["c"], outputs: ["y"], float: { alpha: 0.25 }, string: { note: "leaky" } },
    ],
    weights: [
      { name: "w", dims: [1, 1, 1, 1], data: [2] },
      { name: "b", dims: [1], data: [1] },
    ],
    metadata: { task: "detect", note: "kept" },
  });
}

test.each(["digits-n", "digits-s"])("%s is written again byte by byte as it came", async (name) => {
  const bytes = await readFile(join(demo, name, "1/model.onnx"));
  const file = readGraphFile(bytes);
  const again = writeGraphFile(
    file,
    file.entries.map(({ part }) => part),
  );
  expect(Buffer.concat(again).equals(bytes)).toBe(true);
});

test("fields that nobody knows are kept, in the file, the graph and an operation", () => {
  const unknown = bytesPart(900, [Buffer.from("from the future")]);
  const file = readGraphFile(small());
  const node = file.nodes[1];
  if (!node) throw new Error("no operation");
  const changed = reconnect({ ...node, parts: [...node.parts, unknown] }, ["d"], ["y"]);
  const graph = [
    ...file.entries.filter((entry) => entry.kind !== "node").map(({ part }) => part),
    changed,
    unknown,
  ];
  const written = Buffer.concat(
    writeGraphFile({ ...file, parts: [unknown, ...file.parts] }, graph, [unknown]),
  );
  expect(written.toString("latin1").split("from the future")).toHaveLength(5);
  const [again] = readGraphFile(written).nodes;
  expect(again).toMatchObject({ op: "LeakyRelu", inputs: ["d"], outputs: ["y"] });
  expect(again && floatOf(again, "alpha")).toBe(0.25);
});

test("a graph tells its operations, constants, inputs, outputs and names", () => {
  const { nodes, constants, inputs, floatInputs, outputs, opset, names } = readGraphFile(small());
  expect({ inputs, floatInputs, outputs, opset }).toEqual({
    inputs: ["x"],
    floatInputs: ["x"],
    outputs: ["y"],
    opset: 13,
  });
  expect([...constants.keys()]).toEqual(["w", "b"]);
  expect(["x", "w", "b", "c", "y"].every((name) => names.has(name))).toBe(true);
  const [conv, leaky] = nodes;
  if (!conv || !leaky) throw new Error("no operations");
  expect([intsOf(conv, "kernel_shape"), intOf(conv, "group"), intOf(conv, "absent")]).toEqual([
    [1, 1],
    1,
    undefined,
  ]);
  expect([floatOf(leaky, "alpha"), floatOf(leaky, "absent"), wordOf(leaky, "note")]).toEqual([
    0.25,
    undefined,
    "leaky",
  ]);
});

test("an operation Constant is a constant like those that lie beside the graph", () => {
  const value = [numberPart(1, 1), numberPart(2, 1), bytesPart(9, [Buffer.alloc(4)])];
  const attribute = messagePart(5, [textPart(1, "value"), messagePart(5, value), numberPart(20, 4)]);
  const node = messagePart(1, [textPart(2, "k"), textPart(4, "Constant"), attribute]);
  const file = Buffer.concat(chunksOf([messagePart(7, [node])]));
  const { constants, nodes } = readGraphFile(file);
  expect(constants.get("k")).toMatchObject({ dims: [1], elementType: 1 });
  expect(nodes[0] && constantOf(nodes[0])?.dims).toEqual([1]);
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["text", Buffer.from("this is no model at all, it is a sentence")],
  ["half a model", small().subarray(0, 90)],
  ["two graphs", Buffer.concat(chunksOf([messagePart(7, []), messagePart(7, [])]))],
])("%s cannot be taken apart as a model", (_, bytes) => {
  expect(() => readGraphFile(bytes)).toThrow(expect.objectContaining({ code: "model_unusable" }));
});

test("a damaged model is taken apart and planned or refused, and nothing else happens", () => {
  const random = seededRandom(77);
  const good = small();
  for (let round = 0; round < 5_000; round += 1) {
    const bytes = Buffer.from(good);
    for (let hit = random.integer(1, 4); hit > 0; hit -= 1) {
      bytes[random.integer(0, bytes.byteLength - 1)] = random.integer(0, 255);
    }
    const cut = random.chance(0.2) ? bytes.subarray(0, random.integer(0, bytes.byteLength)) : bytes;
    try {
      planPairs(readGraphFile(cut));
    } catch (error) {
      const known =
        error instanceof TradewindError ? error.code === "model_unusable" : error instanceof RangeError;
      expect(known).toBe(true);
    }
  }
});

test("a part that is read twice is the same part", () => {
  const bytes = small();
  expect(readParts(bytes)).toEqual(readParts(bytes));
});
