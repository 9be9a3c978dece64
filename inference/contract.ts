/** A box in pixels of the image as a person sees it: EXIF orientation applied, origin at the top left. */
export type Box = { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };

export type Detection = {
  readonly name: string;
  readonly class: number;
  /** 0 to 1. */
  readonly score: number;
  readonly box: Box;
};

export type ImageSize = { readonly width: number; readonly height: number };

export type Task = "detect";

export type Precision = "fp32" | "fp16" | "int8";

/** A dense row-major float tensor, the only kind that crosses the engine's door. */
export type Tensor = { readonly dims: readonly number[]; readonly data: Float32Array };

/** What a caller may ask of one detection; the defaults live in `inference/heads/detect.ts`. */
export type DetectOptions = {
  /** Scores at or below it are dropped. */
  readonly conf: number;
  /** Boxes of one class that overlap more are one thing. */
  readonly iou: number;
  readonly maxDetections: number;
};

/** What a model file says of itself, or what its owner declared beside it. */
export type ModelMetadata = {
  readonly task: Task;
  readonly names: readonly string[];
  readonly input: ImageSize;
  readonly precision: Precision;
};

/** One model at one version, as every layer names it. */
export type ModelInfo = ModelMetadata & { readonly name: string; readonly version: string };

/** Milliseconds that one image spent in each part of a backend. */
export type BackendTimings = {
  readonly queue: number;
  readonly preprocess: number;
  readonly inference: number;
  readonly postprocess: number;
};

/** What a backend answers to one image. */
export type ImageAnswer = {
  readonly image: ImageSize;
  readonly detections: readonly Detection[];
  readonly timings: BackendTimings;
};
