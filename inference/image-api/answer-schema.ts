import { z } from "zod";

const pixels = z.number();
const share = z.number().min(0).max(1);
const side = z.int().min(1);

const box = z.strictObject({ x1: pixels, y1: pixels, x2: pixels, y2: pixels });
const point = z.strictObject({ x: pixels, y: pixels });
const mask = z.string().meta({ description: "COCO's compressed run lengths over the whole image" });

const detection = z
  .strictObject({
    name: z.string(),
    class: z.int().min(0),
    score: share,
    box: box.optional().meta({ description: "left out where the whole image was classified" }),
    mask: mask.optional(),
    keypoints: z.array(z.strictObject({ x: pixels, y: pixels, visibility: share })).optional(),
    corners: z.tuple([point, point, point, point]).optional(),
  })
  .meta({ id: "Detection", description: "one thing, in pixels of the image as a person sees it" });

const prediction = z
  .strictObject({
    x: pixels.optional().meta({ description: "the centre" }),
    y: pixels.optional(),
    width: pixels.optional(),
    height: pixels.optional(),
    confidence: share,
    class: z.string(),
    class_id: z.int().min(0),
    mask: mask.optional(),
    keypoints: z
      .array(z.strictObject({ x: pixels, y: pixels, confidence: share, class_id: z.int().min(0) }))
      .optional(),
    points: z.tuple([point, point, point, point]).optional(),
  })
  .meta({ id: "Prediction", description: "one thing, as Roboflow writes it" });

const segmentation = z.union([
  z.strictObject({ size: z.tuple([side, side]), counts: z.string() }),
  z.array(z.array(pixels)),
]);

const annotation = z
  .strictObject({
    bbox: z.tuple([pixels, pixels, pixels, pixels]).optional(),
    area: z.number().min(0).optional(),
    category_id: z.int().min(0),
    category_name: z.string(),
    score: share,
    segmentation: segmentation
      .optional()
      .meta({ description: "run lengths of a mask, or corners as a polygon" }),
    keypoints: z
      .array(z.number())
      .optional()
      .meta({ description: "x, y and visibility of each, in one list" }),
  })
  .meta({ id: "Annotation", description: "one thing, as COCO writes it" });

const ms = z.number().min(0);

const about = {
  model: z.string(),
  version: z.string(),
  precision: z.enum(["fp32", "fp16", "int8"]),
  image: z.strictObject({ width: side, height: side }),
};

const found = {
  backend: z.string(),
  cache: z.string().meta({ description: "hit, stale, miss, collapsed, bypass or off" }),
  deadline_missed: z.boolean(),
  timings_ms: z.strictObject({
    queue: ms,
    preprocess: ms,
    inference: ms,
    postprocess: ms,
    gateway: ms,
    total: ms,
  }),
  cost_usd: z.number().min(0),
};

const detections = z.array(detection);
const predictions = z.array(prediction);
const annotations = z.array(annotation);
const requestId = { request_id: z.string() };

export const DetectAnswer = z
  .strictObject({ ...requestId, ...about, detections, ...found })
  .meta({ id: "DetectAnswer", description: "what is in one image" });

export const RoboflowAnswer = z
  .strictObject({ ...requestId, ...about, predictions, ...found })
  .meta({ id: "RoboflowAnswer", description: "the same with format=roboflow" });

export const CocoAnswer = z
  .strictObject({ ...requestId, ...about, annotations, ...found })
  .meta({ id: "CocoAnswer", description: "the same with format=coco" });

const failedImage = z
  .strictObject({ error: z.strictObject({ code: z.string(), detail: z.string(), status: z.int() }) })
  .meta({ id: "FailedImage", description: "why one image among several has no answer" });

export const ListAnswer = z
  .strictObject({
    ...requestId,
    images: z.array(z.union([DetectAnswer, RoboflowAnswer, CocoAnswer, failedImage])),
  })
  .meta({ id: "ListAnswer", description: "what is in each of several images, in their order" });

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    retryable: z.boolean(),
    request_id: z.string(),
  })
  .meta({ id: "Problem", description: "why there is no answer (RFC 9457)" });

export type DetectAnswer = z.output<typeof DetectAnswer>;
export type RoboflowAnswer = z.output<typeof RoboflowAnswer>;
export type CocoAnswer = z.output<typeof CocoAnswer>;
export type ListAnswer = z.output<typeof ListAnswer>;
export type Problem = z.output<typeof Problem>;
export type Detected = z.output<typeof detection>;
export type Prediction = z.output<typeof prediction>;
export type Annotation = z.output<typeof annotation>;
