import type { Box, DetectOptions, Tensor } from "#inference/contract.ts";
import { suppress } from "./nms.ts";

/** One thing found, its box in pixels of the model's input. */
export type Found = { readonly class: number; readonly score: number; readonly box: Box };

export const detectDefaults: DetectOptions = { conf: 0.25, iou: 0.7, maxDetections: 300 };

/** More candidates than this only cost time: the published limit before suppression. */
const maxCandidates = 30_000;

/** Reads a YOLOv8-shaped output [1, 4 + classes, anchors]: cx, cy, w, h, then one score a class, anchors side by side. */
export function readDetections(output: Tensor, { conf, iou, maxDetections }: DetectOptions): Found[] {
  const [, rows = 0, anchors = 0] = output.dims;
  const { scores, classes } = bestClasses(output.data, rows - 4, anchors, conf);
  const order = bestFirst(output.data, scores, anchors, conf);
  const count = order.length;
  const boxes = cornersOf(output.data, order, anchors);
  const ordered = Int32Array.from(order, (anchor) => classes[anchor] ?? 0);
  const kept = suppress({ boxes, classes: ordered, count, iou, max: maxDetections });
  return kept.map((place) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(4 * place, 4 * place + 4);
    return { class: ordered[place] ?? 0, score: scores[order[place] ?? 0] ?? 0, box: { x1, y1, x2, y2 } };
  });
}

/** Class by class, since each class's scores lie side by side in memory; transposing first is slower. */
function bestClasses(data: Float32Array, classCount: number, anchors: number, conf: number) {
  const scores = new Float32Array(anchors).fill(conf);
  const classes = new Int32Array(anchors);
  for (let index = 0; index < classCount; index += 1) {
    const row = (4 + index) * anchors;
    for (let anchor = 0; anchor < anchors; anchor += 1) {
      const score = data[row + anchor] ?? 0;
      if (score > (scores[anchor] ?? 0)) {
        scores[anchor] = score;
        classes[anchor] = index;
      }
    }
  }
  return { scores, classes };
}

/** The anchors above the threshold by score, equal ones as they lie; what is no number is no detection. */
function bestFirst(data: Float32Array, scores: Float32Array, anchors: number, conf: number): number[] {
  const floor = Math.fround(conf);
  const order: number[] = [];
  for (let anchor = 0; anchor < anchors; anchor += 1) {
    const score = scores[anchor] ?? 0;
    if (score > floor && score < Infinity && isBox(data, anchor, anchors)) order.push(anchor);
  }
  order.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  return order.length > maxCandidates ? order.slice(0, maxCandidates) : order;
}

function isBox(data: Float32Array, anchor: number, anchors: number): boolean {
  return [0, 1, 2, 3].every((row) => Number.isFinite(data[row * anchors + anchor]));
}

function cornersOf(data: Float32Array, order: readonly number[], anchors: number): Float64Array {
  const boxes = new Float64Array(4 * order.length);
  order.forEach((anchor, place) => {
    const cx = data[anchor] ?? 0;
    const cy = data[anchors + anchor] ?? 0;
    const halfWidth = (data[2 * anchors + anchor] ?? 0) / 2;
    const halfHeight = (data[3 * anchors + anchor] ?? 0) / 2;
    boxes.set([cx - halfWidth, cy - halfHeight, cx + halfWidth, cy + halfHeight], 4 * place);
  });
  return boxes;
}
