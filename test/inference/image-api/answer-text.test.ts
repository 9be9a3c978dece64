import { expect, test } from "vitest";
import type { Task } from "#inference/contract.ts";
import { CocoAnswer, DetectAnswer, ListAnswer, RoboflowAnswer } from "#inference/image-api/answer-schema.ts";
import { answerText, listText } from "#inference/image-api/answer-text.ts";
import { coreOf } from "#inference/image-api/core-of.ts";
import { withFormat } from "#inference/image-api/formats.ts";
import { type Format, formats } from "#inference/image-api/read-options.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { answerOfTask, smallMask } from "#test/support/answers.ts";

const tasks: readonly Task[] = ["detect", "segment", "pose", "obb", "classify"];

function textOf(task: Task, format: Format, classes?: readonly string[]): string {
  const answer = answerOfTask(task);
  return answerText({
    requestId: "01J",
    core: withFormat(coreOf(answer, classes ? { classes } : {}), format),
    backend: 'a "backend"',
    cache: "miss",
    deadlineMissed: false,
    timings: answer.timings,
    totalMs: 24.006,
    costUsd: 0.000_003_1,
  });
}

const found = (task: Task, format: Format): unknown => {
  const { detections, predictions, annotations } = JSON.parse(textOf(task, format));
  return (detections ?? predictions ?? annotations)[0];
};

test("an answer has its members in the order that is written down, rounded", () => {
  expect(textOf("detect", "xyxy", ["1"])).toBe(
    '{"request_id":"01J","model":"animals","version":"3","precision":"int8","image":{"width":640,"height":480},' +
      '"detections":[{"name":"a \\"dog\\"","class":1,"score":0.8765,"box":{"x1":10,"y1":20.1,"x2":30.3,"y2":40}}],' +
      '"backend":"a \\"backend\\"","cache":"miss","deadline_missed":false,' +
      '"timings_ms":{"queue":0.5,"preprocess":2,"inference":10,"postprocess":0.25,"gateway":11.25,"total":24.01},' +
      '"cost_usd":0.0000031}',
  );
});

const schemas = { xyxy: DetectAnswer, roboflow: RoboflowAnswer, coco: CocoAnswer };

test.each(tasks.flatMap((task) => formats.map((format) => [task, format] as const)))(
  "an answer to %s as %s is what its schema says, and nothing else",
  (task, format) => {
    const answer: unknown = JSON.parse(textOf(task, format));
    expect(schemas[format].parse(answer)).toEqual(answer);
    for (const other of formats.filter((name) => name !== format)) {
      expect(schemas[other].safeParse(answer).success).toBe(false);
    }
  },
);

test.each([
  ["segment", { mask: smallMask }],
  [
    "pose",
    {
      keypoints: [
        { x: 11.1, y: 22.2, visibility: 0.9877 },
        { x: 12, y: 23, visibility: 1 },
      ],
    },
  ],
  [
    "obb",
    {
      corners: [
        { x: 10, y: 20 },
        { x: 30, y: 20 },
        { x: 30, y: 40 },
        { x: 10, y: 40 },
      ],
    },
  ],
] as const)("a detection of %s carries what the task adds", (task, added) => {
  const label = { name: 'a "dog"', class: 1, score: 0.8765 };
  expect(found(task, "xyxy")).toEqual({ ...label, box: { x1: 10, y1: 20.1, x2: 30.3, y2: 40 }, ...added });
});

test("a class has a score and no box, in every format", () => {
  expect(found("classify", "xyxy")).toEqual({ name: 'a "dog"', class: 1, score: 0.8765 });
  expect(found("classify", "roboflow")).toEqual({ class: 'a "dog"', class_id: 1, confidence: 0.8765 });
  expect(found("classify", "coco")).toEqual({ category_id: 1, category_name: 'a "dog"', score: 0.8765 });
});

const predicted = {
  x: 20.15,
  y: 30.05,
  width: 20.3,
  height: 19.9,
  confidence: 0.8765,
  class: 'a "dog"',
  class_id: 1,
};

test.each([
  ["detect", {}],
  ["segment", { mask: smallMask }],
  [
    "pose",
    {
      keypoints: [
        { x: 11.1, y: 22.2, confidence: 0.9877, class_id: 0 },
        { x: 12, y: 23, confidence: 1, class_id: 1 },
      ],
    },
  ],
  [
    "obb",
    {
      points: [
        { x: 10, y: 20 },
        { x: 30, y: 20 },
        { x: 30, y: 40 },
        { x: 10, y: 40 },
      ],
    },
  ],
] as const)("a prediction of %s has its centre and size, as Roboflow writes it", (task, added) => {
  expect(found(task, "roboflow")).toEqual({ ...predicted, ...added });
});

const annotated = { bbox: [10, 20.1, 20.3, 19.9], category_id: 1, category_name: 'a "dog"', score: 0.8765 };

test.each([
  ["detect", { area: 403.97 }],
  ["segment", { area: 123, segmentation: { size: [480, 640], counts: smallMask } }],
  ["pose", { area: 403.97, keypoints: [11.1, 22.2, 0.9877, 12, 23, 1] }],
  ["obb", { area: 400, segmentation: [[10, 20, 30, 20, 30, 40, 10, 40]] }],
] as const)("an annotation of %s has its corner, size and area, as COCO writes it", (task, added) => {
  expect(found(task, "coco")).toEqual({ ...annotated, ...added });
});

test("only the classes that were asked for are in an answer", () => {
  const classes = (asked: readonly string[]) =>
    JSON.parse(textOf("detect", "xyxy", asked)).detections.map(({ name }: { name: string }) => name);
  expect(classes(["cat"])).toEqual(["cat"]);
  expect(classes(["0", 'a "dog"'])).toEqual(['a "dog"', "cat"]);
  expect(() => classes(["bird"])).toThrow(expect.objectContaining({ code: "parameter_invalid" }));
});

test("an answer with nothing in it is one in every format", () => {
  const core = coreOf({ ...answerOfTask("detect"), detections: [] }, {});
  expect(formats.map((format) => withFormat(core, format).slice(-18))).toEqual(
    [',"detections":[]', ',"predictions":[]', ',"annotations":[]'].map((end) => expect.stringContaining(end)),
  );
});

test("the gateway's part of the time is never below zero", () => {
  const { timings } = answerOfTask("detect");
  const text = answerText({
    requestId: "01J",
    core: '"model":"m"',
    backend: "b",
    cache: "hit",
    deadlineMissed: true,
    timings,
    totalMs: 1,
    costUsd: 0,
  });
  expect(JSON.parse(text)).toMatchObject({
    deadline_missed: true,
    timings_ms: { gateway: 0, total: 1 },
    cost_usd: 0,
  });
});

test("several images are answered in a list, in their order, each with its answer or its own error", () => {
  const failed = new TradewindError("image_undecodable", 'the image ends "early"');
  const text = listText("01J", [textOf("detect", "xyxy"), failed, textOf("pose", "coco")]);
  const list: unknown = JSON.parse(text);
  expect(ListAnswer.parse(list)).toEqual(list);
  expect(list).toMatchObject({
    request_id: "01J",
    images: [
      { model: "animals", detections: [{ class: 1 }, { class: 0 }] },
      { error: { code: "image_undecodable", detail: 'the image ends "early"', status: 422 } },
      { annotations: [{ category_id: 1 }, { category_id: 0 }] },
    ],
  });
});
