import { expect, test } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { answerOf, failureOf, image, model, noHurry, options } from "#test/support/ask-backend.ts";
import { binary, bytes, inferAnswer, json, startFakeBackend } from "#test/support/fake-backend.ts";

test("an answer becomes named detections in pixels", async () => {
  await using backend = await startFakeBackend();
  await using client = createOpenInferenceClient({ url: backend.url });
  const answer = await client.detect({ model, image, options, signal: noHurry() });
  expect(answer).toEqual({
    image: { width: 640, height: 480 },
    detections: [{ name: "one", class: 1, score: 0.876543, box: { x1: 10.04, y1: 20, x2: 30, y2: 40 } }],
    timings: { queue: 0.5, preprocess: 2, inference: 10, postprocess: 0.25 },
  });
});

test.each([
  ["no JSON", (_: unknown, response: { end: (text: string) => void }) => response.end("<html>")],
  ["an answer without sizes", json(200, { ...inferAnswer, outputs: [] })],
  [
    "fewer boxes than it counts",
    json(200, { ...inferAnswer, outputs: inferAnswer.outputs.filter(({ name }) => name !== "boxes") }),
  ],
  ["something else altogether", json(200, { hello: "world" })],
] as const)("%s is an invalid answer", async (_, answer) => {
  expect((await failureOf(answer as never)).code).toBe("backend_answer_invalid");
});

const replaced = (name: string, change: object) => ({
  ...inferAnswer,
  outputs: inferAnswer.outputs.map((output) => (output.name === name ? { ...output, ...change } : output)),
});
const changed = (name: string, data: readonly unknown[]) => json(200, replaced(name, { data }));
const withParameters = (change: object) =>
  json(200, { ...inferAnswer, parameters: { ...inferAnswer.parameters, ...change } });

test.each([
  ["a count beyond all reason", changed("counts", [1e12])],
  ["a negative count", changed("counts", [-1])],
  ["half a count", changed("counts", [0.5])],
  ["counts of two images", changed("counts", [1, 0])],
  ["an image without a size", changed("sizes", [0, 480])],
  ["a size beyond all reason", changed("sizes", [65_536, 480])],
  ["sizes of two images", changed("sizes", [640, 480, 640, 480])],
  ["a class that the model does not have", changed("classes", [2])],
  ["a negative class", changed("classes", [-1])],
  ["half a class", changed("classes", [0.5])],
  ["no class", changed("classes", [])],
  ["a score above one", changed("scores", [7])],
  ["a score that is no number", changed("scores", [null])],
  ["a box with a side missing", changed("boxes", [1, 2, 3])],
  ["a box of words", changed("boxes", ["1", "2", "3", "4"])],
  ["boxes in lists", changed("boxes", [[1, 2, 3, 4]])],
  ["a time below zero", withParameters({ queue_ms: -1 })],
  ["a time that is text", withParameters({ inference_ms: "10" })],
  ["no times", json(200, { ...inferAnswer, parameters: undefined })],
  ["parameters that are a list", json(200, { ...inferAnswer, parameters: [] })],
  ["a list", json(200, [inferAnswer])],
  ["null", json(200, null)],
  ["outputs that are no list", json(200, { ...inferAnswer, outputs: {} })],
  ["outputs without end", json(200, { ...inferAnswer, outputs: Array.from({ length: 17 }, () => ({})) })],
  ["an output that is null", json(200, { ...inferAnswer, outputs: [null] })],
  ["an output without a name", json(200, { ...inferAnswer, outputs: [{ data: [] }] })],
  ["an unknown output without data", json(200, { ...inferAnswer, outputs: [{ name: "mystery" }] })],
  ["a known output without data", json(200, replaced("boxes", { data: undefined }))],
])("%s is an invalid answer, which another backend may better", async (_, answer) => {
  expect(await failureOf(answer)).toMatchObject({
    code: "backend_answer_invalid",
    kind: { retryable: true },
  });
});

const head = Buffer.from(JSON.stringify({ ...inferAnswer, outputs: [] }));
const tailed = (output: object, tail: number) => {
  const text = Buffer.from(JSON.stringify({ ...inferAnswer, outputs: [output] }));
  return bytes(Buffer.concat([text, Buffer.alloc(tail)]), text.byteLength);
};
const sized = (binary_data_size: unknown) => ({
  name: "boxes",
  datatype: "FP32",
  parameters: { binary_data_size },
});

test.each([
  ["a head longer than the body", bytes(head, head.byteLength + 1)],
  ["a head of no length", bytes(head, "many")],
  ["a negative head", bytes(head, -1)],
  ["a head of nothing", bytes(head, 0)],
  ["bytes of no output", bytes(Buffer.concat([head, Buffer.alloc(1)]), head.byteLength)],
  ["an output beyond the body", tailed(sized(8), 4)],
  ["an output of negative size", tailed(sized(-4), 0)],
  ["an output whose size is text", tailed(sized("4"), 4)],
  ["an output that ends inside a number", tailed(sized(3), 3)],
  ["an output in both forms", tailed({ ...sized(4), data: [1] }, 4)],
  ["boxes of another type", tailed({ ...sized(16), datatype: "FP64" }, 16)],
  ["boxes of no number", binary(replaced("boxes", { data: [Number.NaN, 0, 1, 1] }) as never)],
  ["boxes without end", binary(replaced("boxes", { data: [0, 0, Number.POSITIVE_INFINITY, 1] }) as never)],
  ["a score of no number", binary(replaced("scores", { data: [Number.NaN] }) as never)],
  ["masks that end inside a text", tailed({ ...sized(5), name: "masks", datatype: "BYTES" }, 5)],
])("in binary, %s is an invalid answer", async (what, answer) => {
  const asked = what.includes("masks") ? ({ ...model, task: "segment" } as const) : model;
  expect(await failureOf(answer, noHurry(), asked)).toMatchObject({ code: "backend_answer_invalid" });
});

test("an answer in binary reads as the same answer in JSON", async () => {
  expect(await answerOf(binary(inferAnswer))).toEqual(await answerOf(json(200, inferAnswer)));
  const names = ["boxes", "scores", "classes"];
  const outputs = inferAnswer.outputs.map((output) =>
    names.includes(output.name) ? { ...output, data: [] } : output,
  );
  const empty = {
    ...inferAnswer,
    outputs: outputs.map((o) => (o.name === "counts" ? { ...o, data: [0] } : o)),
  };
  expect((await answerOf(binary(empty))).detections).toEqual([]);
});

const taskOutputs = {
  segment: { name: "masks", datatype: "BYTES", shape: [1, 1], data: ["0oPQ3"] },
  pose: {
    name: "keypoints",
    datatype: "FP32",
    shape: [1, 1, 2, 3],
    data: [1.5, 2.25, 0.9, -3, 481, 0.123456],
  },
  obb: { name: "corners", datatype: "FP32", shape: [1, 1, 4, 2], data: [1, 2, 3, 4, 5, 6, 7, 8] },
} as const;

const answerTo = (task: keyof typeof taskOutputs, change: object = {}) => ({
  ...inferAnswer,
  outputs: [...inferAnswer.outputs, { ...taskOutputs[task], ...change }],
});

test.each([
  ["segment", { mask: "0oPQ3" }],
  [
    "pose",
    {
      keypoints: [
        { x: 1.5, y: 2.25, visibility: 0.9 },
        { x: -3, y: 481, visibility: 0.123456 },
      ],
    },
  ],
  [
    "obb",
    {
      corners: [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
        { x: 5, y: 6 },
        { x: 7, y: 8 },
      ],
    },
  ],
] as const)("a model that may %s says more of each box, in either form", async (task, more) => {
  for (const infer of [json(200, answerTo(task)), binary(answerTo(task))]) {
    const { detections } = await answerOf(infer, { ...model, task });
    expect(detections).toEqual([
      { name: "one", class: 1, score: 0.876543, box: { x1: 10.04, y1: 20, x2: 30, y2: 40 }, ...more },
    ]);
  }
});

test.each([
  ["segment", "no masks", inferAnswer],
  ["segment", "a mask in other letters", answerTo("segment", { data: ["<script>"] })],
  ["segment", "a mask that is a number", answerTo("segment", { data: [7] })],
  ["pose", "no keypoints", inferAnswer],
  ["pose", "fewer keypoints than it says", answerTo("pose", { shape: [1, 1, 3, 3] })],
  ["pose", "keypoints without a shape", answerTo("pose", { shape: undefined })],
  ["pose", "no keypoints a thing", answerTo("pose", { shape: [1, 1, 0, 3] })],
  ["pose", "keypoints beyond all reason", answerTo("pose", { shape: [1, 1, 1e9, 3] })],
  ["pose", "a visibility above one", answerTo("pose", { data: [0, 0, 7, 0, 0, 0] })],
  ["obb", "no corners", inferAnswer],
  ["obb", "a corner too few", answerTo("obb", { data: [1, 2, 3, 4, 5, 6, 7] })],
  ["obb", "a corner that is text", answerTo("obb", { data: ["1", 2, 3, 4, 5, 6, 7, 8] })],
] as const)("of a model that may %s, %s is an invalid answer", async (task, _, answer) => {
  const failure = await failureOf(json(200, answer), noHurry(), { ...model, task });
  expect(failure.code).toBe("backend_answer_invalid");
});

test("another number of keypoints than the model has is an invalid answer", async () => {
  const asked = { ...model, task: "pose", keypoints: 17 } as const;
  expect((await failureOf(json(200, answerTo("pose")), noHurry(), asked)).code).toBe(
    "backend_answer_invalid",
  );
});

test("a box beyond the image is cut at its edge", async () => {
  await using backend = await startFakeBackend({ infer: changed("boxes", [-5, 1e300, 700, 1e308]) });
  await using client = createOpenInferenceClient({ url: backend.url });
  const { detections } = await client.detect({ model, image, options, signal: noHurry() });
  expect(detections[0]?.box).toEqual({ x1: 0, y1: 480, x2: 640, y2: 480 });
});
