import type { Detection, ImageAnswer, Task, Tensor, Tensors } from "#inference/contract.ts";

/** The answers to one request's images as tensors; images with fewer detections are filled up with zeros. */
export function answerTensors(
  answers: readonly ImageAnswer[],
  task: Task,
  wanted: readonly string[] | undefined,
): Tensors {
  const names = wanted ?? ["boxes", "scores", "classes", "counts", "sizes", ...(extraOf[task] ?? [])];
  const most = Math.max(0, ...answers.map(({ detections }) => detections.length));
  return Object.fromEntries(names.map((name) => [name, build(name, answers, most)]));
}

const extraOf: Readonly<Partial<Record<Task, readonly string[]>>> = {
  segment: ["masks"],
  pose: ["keypoints"],
  obb: ["corners"],
};

function build(name: string, answers: readonly ImageAnswer[], most: number): Tensor {
  const images = answers.length;
  if (name === "counts")
    return whole(
      [images],
      answers.map(({ detections }) => detections.length),
    );
  if (name === "sizes")
    return whole(
      [images, 2],
      answers.flatMap(({ image }) => [image.width, image.height]),
    );
  if (name === "classes")
    return whole(
      [images, most],
      each(answers, most, 1, (found) => [found.class]),
    );
  if (name === "masks") return masksOf(answers, most);
  const [inner, values] = floats(name, answers);
  const width = inner.reduce((product, size) => product * size, 1);
  const data = Float32Array.from(each(answers, most, width, values));
  return { datatype: "FP32", shape: [images, most, ...inner], data };
}

type Values = (found: Detection) => readonly number[];

/** The inner shape of an output, and how a detection fills it. */
function floats(name: string, answers: readonly ImageAnswer[]): readonly [readonly number[], Values] {
  if (name === "scores") return [[], ({ score }) => [rounded(score, 6)]];
  if (name === "boxes") return [[4], ({ box }) => [box.x1, box.y1, box.x2, box.y2].map(inPixels)];
  if (name === "corners")
    return [[4, 2], ({ corners = [] }) => corners.flatMap(({ x, y }) => [x, y].map(inPixels))];
  const points = Math.max(0, ...answers.flatMap(({ detections }) => detections.map(pointsOf)));
  return [[points, 3], keypointsOf];
}

function pointsOf({ keypoints = [] }: Detection): number {
  return keypoints.length;
}

function keypointsOf({ keypoints = [] }: Detection): number[] {
  return keypoints.flatMap(({ x, y, visibility }) => [inPixels(x), inPixels(y), rounded(visibility, 6)]);
}

function masksOf(answers: readonly ImageAnswer[], most: number): Tensor {
  const text = new TextEncoder();
  const data = answers.flatMap(({ detections }) =>
    Array.from({ length: most }, (_, place) => text.encode(detections[place]?.mask ?? "")),
  );
  return { datatype: "BYTES", shape: [answers.length, most], data };
}

function whole(shape: readonly number[], values: readonly number[]): Tensor {
  return { datatype: "INT32", shape, data: Int32Array.from(values) };
}

function each(answers: readonly ImageAnswer[], most: number, width: number, values: Values): number[] {
  const all = new Array<number>(answers.length * most * width).fill(0);
  answers.forEach(({ detections }, image) => {
    detections.forEach((found, place) => {
      const at = (image * most + place) * width;
      values(found).forEach((value, offset) => {
        all[at + offset] = value;
      });
    });
  });
  return all;
}

/** A float32 holds about seven digits; printing more would only make answers three times as long. */
function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

function inPixels(value: number): number {
  return rounded(value, 3);
}
