import { expect, test } from "vitest";
import type { HeadPlan } from "#inference/heads/head-plan.ts";
import { confirmModel, planModel } from "#inference/models/metadata.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import { colourModel } from "#test/support/colour-model.ts";

type Dims = readonly (number | string)[];
type Outputs = Readonly<Record<string, Dims>>;

const three = { names: "{0: 'red', 1: 'green', 2: 'blue'}" };
const two = { names: "['a', 'b']" };

/** A model with an input of 64 x 64, which has 84 grid cells. */
const plan = (outputs: Outputs, metadata: Readonly<Record<string, string>>) =>
  planModel(
    readOnnx(
      colourModel({ outputs: Object.entries(outputs).map(([name, dims]) => ({ name, dims })), metadata }),
    ),
  );

const anchors = { output: "o", layout: "anchors", agnostic: false } as const;
const settled = { output: "o", layout: "settled", agnostic: false } as const;
const keypoints = { count: 17, numbers: 3 } as const;
const pose = { ...three, task: "pose", kpt_shape: "[17, 3]" };
const segment = { ...three, task: "segment" };
const detr = { description: "Ultralytics rtdetr-l model" };

test.each<[string, Outputs, Readonly<Record<string, string>>, HeadPlan]>([
  ["a plain detector", { o: [1, 7, 84] }, three, { kind: "detect", ...anchors }],
  ["a detector without names", { o: [1, 84, 8400] }, {}, { kind: "detect", ...anchors }],
  ["an output that declares no shape", { o: [] }, three, { kind: "detect", ...anchors }],
  ["a free number of anchors", { o: ["batch", 7, "anchors"] }, three, { kind: "detect", ...anchors }],
  ["as many anchors as YOLOv5 had columns", { o: [1, 7, 8] }, three, { kind: "detect", ...anchors }],
  ["a last dimension of 6", { o: [1, 300, 6] }, three, { kind: "detect", ...settled }],
  [
    "the metadata's end2end",
    { o: [1, "n", "m"] },
    { ...three, end2end: "True" },
    { kind: "detect", ...settled },
  ],
  [
    "suppression among the export's arguments",
    { o: [1, 300, 6] },
    { ...two, args: "{'nms': True, 'agnostic_nms': True}" },
    { kind: "detect", ...settled, agnostic: true },
  ],
  [
    "arguments that are no literal",
    { o: [1, 7, 84] },
    { ...three, args: "{'nms': <x>}" },
    { kind: "detect", ...anchors },
  ],
  ["six anchors of a known height", { o: [1, 7, 6] }, three, { kind: "detect", ...anchors }],
  [
    "two classes of an export that calls itself YOLOv10",
    { o: [1, 300, 6] },
    { ...two, description: "Ultralytics YOLOv10n model" },
    { kind: "detect", ...settled },
  ],
  ["two classes of an RT-DETR", { o: [1, 300, 6] }, { ...two, ...detr }, { kind: "queries", output: "o" }],
  [
    "two classes and no suppression",
    { o: [1, 300, 6] },
    { ...two, end2end: "False" },
    { kind: "queries", output: "o" },
  ],
  ["as wide as boxes and scores", { o: [1, 300, 7] }, three, { kind: "queries", output: "o" }],
  [
    "boxes and logits",
    { logits: [1, 300, 4], pred_boxes: [1, 300, 4] },
    three,
    { kind: "query-pair", boxes: "pred_boxes", logits: "logits" },
  ],
  [
    "boxes and logits by their shapes",
    { b: [1, 300, 3], a: [1, 300, 4] },
    three,
    { kind: "query-pair", boxes: "a", logits: "b" },
  ],
  [
    "boxes and logits by their names",
    { labels: [1, "q", "c"], dets: [1, "q", "four"] },
    three,
    { kind: "query-pair", boxes: "dets", logits: "labels" },
  ],
  [
    "boxes and logits among other outputs",
    { logits: [1, 300, 4], last_hidden_state: [1, 300, 256], pred_boxes: [1, 300, 4] },
    three,
    { kind: "query-pair", boxes: "pred_boxes", logits: "logits" },
  ],
  ["poses", { o: [1, 58, 84] }, pose, { kind: "pose", ...anchors, keypoints }],
  ["poses without anything to suppress", { o: [1, 300, 57] }, pose, { kind: "pose", ...settled, keypoints }],
  ["rotated boxes", { o: [1, 8, 84] }, { ...three, task: "obb" }, { kind: "obb", ...anchors }],
  ["rotated boxes, suppressed", { o: [1, 300, 7] }, { ...three, task: "obb" }, { kind: "obb", ...settled }],
  [
    "masks, prototypes first",
    { p: [1, 32, 16, 16], o: [1, 39, 84] },
    segment,
    { kind: "segment", ...anchors, prototypes: "p" },
  ],
  [
    "masks, suppressed",
    { o: [1, 300, 38], p: [1, 32, 16, 16] },
    segment,
    { kind: "segment", ...settled, prototypes: "p" },
  ],
  [
    "masks without declared shapes",
    { o: [], output1: [] },
    segment,
    { kind: "segment", ...anchors, prototypes: "output1" },
  ],
  [
    "classes",
    { o: [1, 3] },
    { ...three, task: "classify" },
    { kind: "classify", output: "o", logits: false },
  ],
  [
    "classes as logits",
    { o: ["batch", "classes"] },
    { ...three, task: "classify", logits: "True" },
    { kind: "classify", output: "o", logits: true },
  ],
])("a model with %s gets the head that reads it", (_, outputs, metadata, head) => {
  const planned = plan(outputs, metadata);
  expect(planned.head).toEqual(head);
  const fits = { classify: "crop", queries: "stretch", "query-pair": "stretch" } as Record<string, string>;
  expect(planned.fit).toBe(fits[head.kind] ?? "letterbox");
});

test.each<[string, Outputs, Readonly<Record<string, string>>, string]>([
  ["two outputs that are no DETR's", { a: [1, 7, 84], b: [1, 32, 9, 9] }, three, "2 outputs, expected one"],
  [
    "boxes and logits of different queries",
    { boxes: [1, 300, 4], logits: [1, 200, 3] },
    three,
    "boxes and logits",
  ],
  [
    "logits of another class count",
    { boxes: [1, 9, 4], logits: [1, 9, 91] },
    three,
    "91 columns, but there are 3",
  ],
  ["boxes and logits without names", { boxes: [1, 9, 4], logits: [1, 9, 3] }, {}, "need the class names"],
  ["two dimensions", { o: [1, 10] }, three, "the output has 2 dimensions, expected 3"],
  ["another height", { o: [1, 84, 8400] }, three, "3 class names ask for 7"],
  ["a detector on its side", { o: [1, 84, 7] }, three, "turned on its side"],
  ["as many anchors on its side as there are", { o: [1, "anchors", 7] }, three, "turned on its side"],
  ["a large detector on its side", { o: [1, 8400, 7] }, three, "turned on its side"],
  ["an objectness score", { o: [1, 25200, 8] }, three, "objectness score as YOLOv5 has it"],
  ["an objectness score and one class", { o: [1, 252, 6] }, { names: "['a']" }, "objectness"],
  ["an objectness score and no names", { o: [1, 25200, 6] }, {}, "objectness"],
  ["six columns that may be two things", { o: [1, 300, 6] }, two, "six columns with two classes may be"],
  [
    "suppression and no names",
    { o: [1, 300, 6] },
    {},
    "own suppression (last dimension 6) needs class names",
  ],
  [
    "end2end and another width",
    { o: [1, 300, 9] },
    { ...three, end2end: "True" },
    "last dimension is 9, expected 6",
  ],
  ["poses and no kpt_shape", { o: [1, 58, 84] }, { ...three, task: "pose" }, "needs `kpt_shape`"],
  [
    "poses of another height",
    { o: [1, 57, 84] },
    pose,
    "the output has 57 rows, but 3 class names ask for 58",
  ],
  [
    "rotated boxes of another height",
    { o: [1, 7, 84] },
    { ...three, task: "obb" },
    "3 class names ask for 8",
  ],
  ["one output for masks", { o: [1, 39, 84] }, segment, "needs two outputs, one of them prototypes"],
  ["two prototypes", { a: [1, 32, 9, 9], b: [1, 32, 9, 9] }, segment, "needs two outputs"],
  ["masks of another height", { o: [1, 7, 84], p: [1, 32, 9, 9] }, segment, "3 class names ask for 39"],
  [
    "three classes too many",
    { o: [1, 6] },
    { ...three, task: "classify" },
    "last dimension is 6, expected 3",
  ],
  ["classes of anchors", { o: [1, 3, 84] }, { ...three, task: "classify" }, "3 dimensions, expected 2"],
])("a model with %s is refused rather than guessed at", (_, outputs, metadata, said) => {
  expect(() => plan(outputs, metadata)).toThrow(
    expect.objectContaining({ code: "model_unusable", message: expect.stringContaining(said) }),
  );
});

test.each<[string, Outputs, Readonly<Record<string, string>>, Record<string, number[]>, number | undefined]>([
  ["masks", { o: [], output1: [] }, { task: "segment" }, { o: [1, 39, 84], output1: [1, 32, 9, 9] }, 3],
  [
    "masks without prototypes",
    { o: [], output1: [] },
    segment,
    { o: [1, 39, 84], output1: [1, 32, 9] },
    undefined,
  ],
  ["rotated boxes", { o: [] }, { task: "obb" }, { o: [1, 8, 84] }, 3],
  ["classes", { o: [] }, { task: "classify" }, { o: [1, 5] }, 5],
  ["no classes", { o: [] }, { task: "classify" }, { o: [1, 0] }, undefined],
  [
    "queries and nothing else",
    { boxes: [1, "q", 4], logits: [1, "q", "c"] },
    two,
    { boxes: [1, 9, 4], logits: [1, 9, 3] },
    2,
  ],
  [
    "queries that don't match",
    { boxes: [1, "q", 4], logits: [1, "q", "c"] },
    two,
    { boxes: [1, 9, 4], logits: [1, 8, 3] },
    undefined,
  ],
  ["settled rows", { o: [1, "n", "m"] }, { ...two, end2end: "True" }, { o: [1, 300, 6] }, 2],
  [
    "settled rows that are too wide",
    { o: [1, "n", "m"] },
    { ...two, end2end: "True" },
    { o: [1, 300, 7] },
    undefined,
  ],
])("a first run that shows %s confirms or refuses the plan", (_, outputs, metadata, shapes, classes) => {
  const planned = plan(outputs, metadata);
  if (classes === undefined) {
    expect(() => confirmModel(planned, shapes)).toThrow(expect.objectContaining({ code: "model_unusable" }));
    return;
  }
  expect(confirmModel(planned, shapes).names).toHaveLength(classes);
});
