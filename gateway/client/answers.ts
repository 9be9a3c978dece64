import type {
  Annotation,
  CocoAnswer,
  DetectAnswer,
  Detected,
  ListAnswer,
  Prediction,
  RoboflowAnswer,
} from "#inference/image-api/answer-schema.ts";
import type { Format } from "#inference/image-api/read-options.ts";
import type { ModelsAnswer } from "../document/image-routes.ts";
import type { UsageAnswer } from "../document/usage-route.ts";

export type { Format, ModelsAnswer, UsageAnswer };

/** What a model can do, which is where its images go. */
export type TaskPath = NonNullable<ModelsAnswer["models"][number]["task"]>;

/** Why one image among several has no answer. */
export type FailedImage = Extract<ListAnswer["images"][number], { error: unknown }>;

/** What a request was answered with besides its body. */
export type Meta = {
  readonly requestId: string | undefined;
  /** RFC 9211, such as `tradewind; hit; ttl=3590`. */
  readonly cacheStatus: string | undefined;
  readonly rateLimit: string | undefined;
  readonly rateLimitPolicy: string | undefined;
  readonly serverTiming: string | undefined;
  /** Why which backend answered (RFC 9651), for keys with the scope `explain`. */
  readonly decision: string | undefined;
  /** The answer of an earlier call with the same idempotency key. */
  readonly replayed: boolean;
};

export type WithMeta<Answer> = Answer & { readonly meta: Meta };

/** The answer to one image: what each task finds, in each format. */
export type AnswerOf<Task extends TaskPath, Wanted extends Format> = {
  xyxy: Omit<DetectAnswer, "detections"> & { detections: DetectionOf<Task>[] };
  roboflow: Omit<RoboflowAnswer, "predictions"> & { predictions: PredictionOf<Task>[] };
  coco: Omit<CocoAnswer, "annotations"> & { annotations: AnnotationOf<Task>[] };
}[Wanted];

/** The answers to several, in their order. */
export type AnswersOf<Task extends TaskPath, Wanted extends Format> = Omit<ListAnswer, "images"> & {
  images: (AnswerOf<Task, Wanted> | FailedImage)[];
};

type DetectionOf<Task extends TaskPath> = Found<
  Detected,
  "name" | "class" | "score",
  {
    detect: "box";
    segment: "box" | "mask";
    pose: "box" | "keypoints";
    obb: "box" | "corners";
    classify: never;
  }[Task]
>;

type Place = "x" | "y" | "width" | "height";

type PredictionOf<Task extends TaskPath> = Found<
  Prediction,
  "confidence" | "class" | "class_id",
  {
    detect: Place;
    segment: Place | "mask";
    pose: Place | "keypoints";
    obb: Place | "points";
    classify: never;
  }[Task]
>;

type Outline = "bbox" | "area";

type AnnotationOf<Task extends TaskPath> = Found<
  Annotation,
  "category_id" | "category_name" | "score",
  {
    detect: Outline;
    segment: Outline | "segmentation";
    pose: Outline | "keypoints";
    obb: Outline | "segmentation";
    classify: never;
  }[Task]
>;

/** Of all that a thing may have, what it always has and what it has for this task. */
type Found<Thing, Always extends keyof Thing, Here extends keyof Thing> = Pick<Thing, Always> &
  Required<Pick<Thing, Here>>;
