import type {
  BackendTimings,
  Box,
  Detection,
  ImageAnswer,
  ImageSize,
  ModelInfo,
} from "#inference/contract.ts";
import { type Columns, readColumns } from "./open-inference-columns.ts";
import { invalidAnswer } from "./open-inference-errors.ts";

/**
 * What was found in one image, each word and number of it checked: a backend is somebody else's server, however
 * friendly. By hand, since a schema takes ten times as long over an answer, and this is read for every image.
 */
export function readAnswer(
  model: ModelInfo,
  body: Buffer,
  headLength: string | readonly string[] | undefined,
): ImageAnswer {
  const { parameters, columns } = readColumns(body, headLength);
  const timings = readTimings(parameters);
  const image = readSize(columns.sizes);
  const { counts, classes, scores, boxes } = columns;
  const count = counts[0] ?? -1;
  if (counts.length !== 1 || !Number.isInteger(count) || count < 0 || count > mostDetections)
    throw invalidAnswer(`a count of ${count}, for ${counts.length} images`);
  const extra = extrasOf(model, columns, count);
  const detections: Detection[] = [];
  for (let row = 0; row < count; row += 1) {
    const index = readClass(classes[row], model);
    const found: Detection = {
      name: model.names[index] ?? "",
      class: index,
      score: readScore(scores[row]),
      box: readBox(boxes, 4 * row, image),
    };
    detections.push(extra ? { ...found, ...extra(row) } : found);
  }
  return { image, detections, timings };
}

/** More than a caller can ask for, so that only rubbish exceeds it. */
const mostDetections = 1_000;

function readTimings(parameters: Readonly<Record<string, unknown>>): BackendTimings {
  return {
    queue: readMs(parameters.queue_ms),
    preprocess: readMs(parameters.preprocess_ms),
    inference: readMs(parameters.inference_ms),
    postprocess: readMs(parameters.postprocess_ms),
  };
}

function readMs(ms: unknown): number {
  if (typeof ms === "number" && ms >= 0 && ms < Number.POSITIVE_INFINITY) return ms;
  throw invalidAnswer("no times that we understand");
}

function readSize(sizes: ArrayLike<number>): ImageSize {
  const width = sizes[0] ?? 0;
  const height = sizes[1] ?? 0;
  if (sizes.length !== 2 || !isSide(width) || !isSide(height))
    throw invalidAnswer(`a size of ${width} x ${height}`);
  return { width, height };
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1 && pixels <= 65_535;
}

function readClass(index: number | undefined, { names }: ModelInfo): number {
  if (index !== undefined && Number.isInteger(index) && index >= 0 && index < names.length) return index;
  throw invalidAnswer(`class ${index} of a model with ${names.length}`);
}

/** Our backend's own precision, so that an answer in binary reads as the same answer in JSON. */
function readScore(score: number | undefined): number {
  if (score !== undefined && score >= 0 && score <= 1) return Math.round(score * 1e6) / 1e6;
  throw invalidAnswer(`a score of ${score}`);
}

/** Rounding may put a corner a hair outside the image, which nobody minds; rubbish is far outside, and is cut all the same. */
function readBox(boxes: ArrayLike<number>, at: number, { width, height }: ImageSize): Box {
  return {
    x1: within(readCoordinate(boxes[at]), width),
    y1: within(readCoordinate(boxes[at + 1]), height),
    x2: within(readCoordinate(boxes[at + 2]), width),
    y2: within(readCoordinate(boxes[at + 3]), height),
  };
}

function readCoordinate(value: number | undefined): number {
  if (value === undefined) throw invalidAnswer("too few coordinates");
  if (!Number.isFinite(value)) throw invalidAnswer("a coordinate without end");
  return Math.round(value * 1e3) / 1e3;
}

function within(value: number, most: number): number {
  return value < 0 ? 0 : value > most ? most : value;
}

type Extra = (row: number) => Pick<Detection, "mask" | "keypoints" | "corners">;

/** What the model's task adds to each box; it must be there, or the answer is of another task. */
function extrasOf(model: ModelInfo, columns: Columns, count: number): Extra | undefined {
  if (count === 0) return undefined;
  const { masks, corners } = columns;
  if (model.task === "segment") return (row) => ({ mask: readMask(masks[row]) });
  if (model.task === "obb") return (row) => ({ corners: readCorners(corners, 8 * row) });
  return model.task === "pose" ? keypointsOf(model, columns) : undefined;
}

/** COCO's compressed run lengths, whose alphabet is 64 characters from 0 on. */
function readMask(mask: string | undefined): string {
  if (mask === undefined) throw invalidAnswer("too few masks");
  if (/^[0-o]*$/.test(mask)) return mask;
  throw invalidAnswer("a mask that is no run lengths");
}

function readCorners(corners: ArrayLike<number>, at: number): NonNullable<Detection["corners"]> {
  const corner = (place: number) => ({
    x: readCoordinate(corners[at + 2 * place]),
    y: readCoordinate(corners[at + 2 * place + 1]),
  });
  return [corner(0), corner(1), corner(2), corner(3)];
}

const mostPoints = 1_000;

function keypointsOf({ keypoints: told }: ModelInfo, { keypoints, points }: Columns): Extra {
  const known = points ?? told;
  if (known === undefined || !Number.isInteger(known) || known < 1 || known > mostPoints)
    throw invalidAnswer(`${points} keypoints a thing`);
  if (told !== undefined && known !== told)
    throw invalidAnswer(`${known} keypoints a thing instead of ${told}`);
  const read = (at: number) => ({
    x: readCoordinate(keypoints[at]),
    y: readCoordinate(keypoints[at + 1]),
    visibility: readScore(keypoints[at + 2]),
  });
  return (row) => ({
    keypoints: Array.from({ length: known }, (_, point) => read(3 * (row * known + point))),
  });
}
