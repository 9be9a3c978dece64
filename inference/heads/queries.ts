import type { Box, DetectOptions, FloatTensor } from "#inference/contract.ts";
import { centredBox } from "./found.ts";
import { pickBest } from "./pick-best.ts";

/** One thing that a query found, its box in parts of the image, 0 to 1. */
export type Queried = { readonly class: number; readonly score: number; readonly box: Box };

/** RT-DETR as exported by Ultralytics: [1, queries, 4 + classes] of cx, cy, w, h and finished scores. */
export function readQueries(output: FloatTensor, options: DetectOptions): Queried[] {
  const [, queries = 0, width = 4] = output.shape;
  const classes = width - 4;
  const scores = new Float32Array(queries * classes);
  for (let query = 0; query < queries; query += 1) {
    scores.set(output.data.subarray(query * width + 4, (query + 1) * width), query * classes);
  }
  return things({ scores, classes, boxes: output.data, stride: width }, options);
}

/**
 * DETR's two outputs: boxes [1, queries, 4] and logits [1, queries, C]. With as many logits as class names each is a
 * class's own (RT-DETR, RF-DETR) and goes through a sigmoid; one more, the last, is "nothing", and all go through a
 * softmax together (the first DETR). A model of sigmoids that has a column to spare must have a name for it too.
 */
export function readQueryPair(
  boxes: FloatTensor,
  logits: FloatTensor,
  classes: number,
  options: DetectOptions,
): Queried[] {
  const [, queries = 0, width = 0] = logits.shape;
  const score = width > classes ? softmax : sigmoids;
  const scores = new Float32Array(queries * classes);
  for (let query = 0; query < queries; query += 1) {
    const own = score(logits.data.subarray(query * width, (query + 1) * width));
    scores.set(own.subarray(0, classes), query * classes);
  }
  return things({ scores, classes, boxes: boxes.data, stride: 4 }, options);
}

/** Numbers to parts of one; where one of them is none, all are none. */
export function softmax(logits: Float32Array): Float32Array {
  const highest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Float32Array.from(powers, (power) => power / sum);
}

function sigmoids(logits: Float32Array): Float32Array {
  return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
}

type Table = {
  /** Query by query, a score a class. */
  readonly scores: Float32Array;
  readonly classes: number;
  readonly boxes: Float32Array;
  /** From one query's box to the next one's. */
  readonly stride: number;
};

/** Queries don't repeat each other, so that nothing is suppressed. */
function things({ scores, classes, boxes, stride }: Table, options: DetectOptions): Queried[] {
  const best = options.multiLabel ? scores : bestOnly(scores, classes);
  const found: Queried[] = [];
  for (const place of pickBest(best, options.conf)) {
    const query = Math.floor(place / classes);
    const [x = 0, y = 0, width = 0, height = 0] = boxes.subarray(query * stride, query * stride + 4);
    const box = centredBox(x, y, width, height);
    if (box === undefined) continue;
    found.push({ class: place % classes, score: scores[place] ?? 0, box });
    if (found.length >= options.maxDetections) break;
  }
  return found;
}

/** The same table with zeros for all but the best score of each query. */
function bestOnly(scores: Float32Array, classes: number): Float32Array {
  const best = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    let [highest, at] = [0, start];
    for (let place = start; place < start + classes; place += 1) {
      const score = scores[place] ?? 0;
      if (score > highest && score < Infinity) [highest, at] = [score, place];
    }
    best[at] = highest;
  }
  return best;
}
