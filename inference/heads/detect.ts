import type { DetectOptions, FloatTensor } from "#inference/contract.ts";
import { centredBox, columnOf, type Found } from "./found.ts";
import { byOverlap, suppress } from "./nms.ts";
import { pickBest } from "./pick-best.ts";
import { byProbIou } from "./probiou.ts";

export const detectDefaults: DetectOptions = { conf: 0.25, iou: 0.7, maxDetections: 300 };

/** An output in YOLOv8's layout, [1, 4 + classes + extras, anchors]: cx, cy, w, h, a score a class, what the task adds. */
export type AnchorsOutput = {
  readonly output: FloatTensor;
  readonly classes: number;
  /** The first extra number is an angle, and boxes are compared as they are turned. */
  readonly rotated?: boolean;
};

/** Decodes, thins out, and gives what is left, best first. */
export function readDetections(anchorsOutput: AnchorsOutput, options: DetectOptions): Found[] {
  const { output, classes, rotated = false } = anchorsOutput;
  const [, rows = 0, anchors = 0] = output.shape;
  const { iou, maxDetections: max, agnostic = false } = options;
  const candidates = candidatesOf(anchorsOutput, options);
  const { count, boxes, angles } = candidates;
  const covers = rotated ? byProbIou({ boxes, angles, count }, iou) : byOverlap(boxes, iou);
  const kept = suppress({ count, classes: agnostic ? undefined : candidates.classes, max }, covers);
  return kept.map((place) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(4 * place, 4 * place + 4);
    const extrasAt = (4 + classes) * anchors + (candidates.anchors[place] ?? 0);
    return {
      class: candidates.classes[place] ?? 0,
      score: candidates.scores[place] ?? 0,
      box: { x1, y1, x2, y2 },
      extras: columnOf(output, extrasAt, anchors, rows - 4 - classes),
    };
  });
}

/** Columns of all that is above the threshold and has a box, best first. */
function candidatesOf({ output, classes, rotated = false }: AnchorsOutput, options: DetectOptions) {
  const { data, shape } = output;
  const [, , anchors = 0] = shape;
  const read = options.multiLabel ? everyScore : bestScores;
  const table = read(data, classes, anchors, options.conf);
  const places = pickBest(table.scores, options.conf);
  const columns = columnsFor(places.length);
  let count = 0;
  for (const place of places) {
    const anchor = place % anchors;
    const box = boxAt(data, anchor, anchors);
    const angle = rotated ? (data[(4 + classes) * anchors + anchor] ?? 0) : 0;
    if (box === undefined || !Number.isFinite(angle)) continue;
    columns.boxes.set([box.x1, box.y1, box.x2, box.y2], 4 * count);
    columns.angles[count] = angle;
    columns.classes[count] = table.classes ? (table.classes[anchor] ?? 0) : Math.floor(place / anchors);
    columns.anchors[count] = anchor;
    columns.scores[count] = table.scores[place] ?? 0;
    count += 1;
  }
  return { ...columns, count };
}

function columnsFor(most: number) {
  return {
    boxes: new Float64Array(4 * most),
    angles: new Float64Array(most),
    classes: new Int32Array(most),
    anchors: new Int32Array(most),
    scores: new Float32Array(most),
  };
}

type ScoreTable = { readonly scores: Float32Array; readonly classes?: Int32Array };

/** Each class of each anchor is a candidate; their scores lie in the output as they are needed. */
function everyScore(data: Float32Array, classes: number, anchors: number): ScoreTable {
  return { scores: data.subarray(4 * anchors, (4 + classes) * anchors) };
}

/** Class by class, since each class's scores lie side by side in memory; transposing first is slower. */
function bestScores(data: Float32Array, classCount: number, anchors: number, conf: number): ScoreTable {
  const scores = new Float32Array(anchors).fill(Math.max(conf, 0));
  const classes = new Int32Array(anchors);
  for (let index = 0; index < classCount; index += 1) {
    const row = (4 + index) * anchors;
    for (let anchor = 0; anchor < anchors; anchor += 1) {
      const score = data[row + anchor] ?? 0;
      if (score > (scores[anchor] ?? 0) && score < Infinity) {
        scores[anchor] = score;
        classes[anchor] = index;
      }
    }
  }
  return { scores, classes };
}

function boxAt(data: Float32Array, anchor: number, anchors: number) {
  const [x, y] = [data[anchor] ?? 0, data[anchors + anchor] ?? 0];
  const [width, height] = [data[2 * anchors + anchor] ?? 0, data[3 * anchors + anchor] ?? 0];
  return centredBox(x, y, width, height);
}
