import type { Detection, ImageAnswer, ModelInfo, Task } from "#inference/contract.ts";
import { compressRuns } from "#inference/heads/run-lengths.ts";

/** An answer of a model as dispatch hands it on. */
export type AnswerOfModel = ImageAnswer & { readonly model: ModelInfo };

const box = { x1: 10.04, y1: 20.06, x2: 30.25, y2: 40 };

/** 31 pixels of the first column and 92 of the third, in an image of 640 x 480. */
export const smallMask = compressRuns([8, 39, 968, 1_060], 640 * 480);

const extras: Readonly<Record<Task, Partial<Detection>>> = {
  detect: {},
  classify: {},
  segment: { mask: smallMask },
  pose: {
    keypoints: [
      { x: 11.11, y: 22.22, visibility: 0.98765 },
      { x: 12, y: 23, visibility: 1 },
    ],
  },
  obb: {
    corners: [
      { x: 10, y: 20 },
      { x: 30, y: 20 },
      { x: 30, y: 40.04 },
      { x: 10, y: 40 },
    ],
  },
};

/** One dog and one cat in an image of 640 x 480, with what each task adds to a box. */
export function answerOfTask(task: Task): AnswerOfModel {
  return {
    model: {
      name: "animals",
      version: "3",
      task,
      precision: "int8",
      names: ["cat", 'a "dog"'],
      input: { width: 320, height: 320 },
    },
    image: { width: 640, height: 480 },
    detections: [
      { name: 'a "dog"', class: 1, score: 0.876_543, box, ...extras[task] },
      { name: "cat", class: 0, score: 0.5, box: { x1: 0, y1: 0, x2: 640, y2: 480 }, ...extras[task] },
    ],
    timings: { queue: 0.5, preprocess: 2, inference: 10.004, postprocess: 0.25 },
  };
}
