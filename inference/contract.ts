/** A box in pixels of the image as a person sees it: EXIF orientation applied, origin at the top left. */
export type Box = { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };

/** A joint or landmark; `visibility` is 0 to 1, and 1 where the model does not tell. */
export type Keypoint = { readonly x: number; readonly y: number; readonly visibility: number };

/** The corners of a rotated box, in order around it. */
export type Corners = readonly [Point, Point, Point, Point];
export type Point = { readonly x: number; readonly y: number };

export type Detection = {
  readonly name: string;
  readonly class: number;
  /** 0 to 1. */
  readonly score: number;
  /** Of a rotated thing the upright box around it; of a whole image that was classified, the image. */
  readonly box: Box;
  /** Of models with task `obb`. */
  readonly corners?: Corners;
  /** Of models with task `pose`. */
  readonly keypoints?: readonly Keypoint[];
  /** Of models with task `segment`: COCO's compressed run lengths over the whole image. */
  readonly mask?: string;
};

export type ImageSize = { readonly width: number; readonly height: number };

export type Task = "detect" | "segment" | "pose" | "obb" | "classify";

export type Precision = "fp32" | "fp16" | "int8";

/** The protocol's names of element types. */
export type Datatype = Tensor["datatype"];

/** A dense row-major tensor. BOOL is 0 or 1 a byte, FP16 and BF16 are their bits, BYTES is one array an element. */
export type Tensor =
  | Of<"FP32", Float32Array>
  | Of<"FP64", Float64Array>
  | Of<"BOOL" | "UINT8", Uint8Array>
  | Of<"INT8", Int8Array>
  | Of<"UINT16" | "FP16" | "BF16", Uint16Array>
  | Of<"INT16", Int16Array>
  | Of<"UINT32", Uint32Array>
  | Of<"INT32", Int32Array>
  | Of<"UINT64", BigUint64Array>
  | Of<"INT64", BigInt64Array>
  | Of<"BYTES", readonly Uint8Array[]>;

type Of<Name extends string, Data> = Name extends string
  ? { readonly datatype: Name; readonly shape: readonly number[]; readonly data: Data }
  : never;

/** What heads read. */
export type FloatTensor = Extract<Tensor, { readonly datatype: "FP32" }>;

/** Tensors by the names that the model's graph, or a face of the model, gives them. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A tensor as it is announced: -1 is a dimension of any size. */
export type TensorSpec = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
};

/** What the protocol lets callers and servers say beside tensors. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** What a caller may ask of one detection; the defaults live in `inference/heads/detect.ts`. */
export type DetectOptions = {
  /** Scores at or below it are dropped. */
  readonly conf: number;
  /** Boxes of one class that overlap more are one thing. */
  readonly iou: number;
  readonly maxDetections: number;
  /** Overlap counts across classes too. */
  readonly agnostic?: boolean;
  /** One box may be several things, one detection each. */
  readonly multiLabel?: boolean;
};

/** What a model file says of itself, or what its owner declared beside it. */
export type ModelMetadata = {
  readonly task: Task;
  readonly names: readonly string[];
  readonly input: ImageSize;
  readonly precision: Precision;
  /** How many keypoints each thing has, of models with task `pose`. */
  readonly keypoints?: number;
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
  /** Images that were computed together, where a backend says so. */
  readonly batch?: number;
};
