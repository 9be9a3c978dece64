import { z } from "zod";
import { executionProviders } from "./model-settings.ts";

/** Whole numbers; JSON that was made from a config.pbtxt writes its 64-bit ones as text. */
const whole = (least: number, most: number) =>
  z.preprocess(
    (value) => (typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value),
    z.int().min(least).max(most),
  );

/** Values by keys of one kind; a key of another kind is told what was expected. */
const byKey = <Value extends z.ZodType>(keys: RegExp, expected: string, value: Value) =>
  z.record(z.string().regex(keys), value, {
    error: ({ code }) => (code === "invalid_key" ? `expected ${expected} as a key` : undefined),
  });

const tensorName = /^.{1,256}$/s;

/** An hour: whoever waits longer in a queue has left. */
const microseconds = whole(0, 3_600_000_000);
const mostBatch = 1_024;
const mostWaiting = 65_536;
export const mostLevels = 100;

const queuePolicy = z.strictObject({
  timeout_action: z.enum(["REJECT", "DELAY"]).default("REJECT"),
  default_timeout_microseconds: microseconds.default(0),
  allow_timeout_override: z.boolean().default(false),
  /** 0 is without bound in Triton; here it is the default bound, since no queue of ours is without one. */
  max_queue_size: whole(0, mostWaiting).default(0),
});

const dynamicBatching = z.strictObject({
  preferred_batch_size: z.array(whole(1, mostBatch)).max(64).default([]),
  max_queue_delay_microseconds: microseconds.default(0),
  /** Each caller has a connection of its own, so the order of answers says nothing. */
  preserve_ordering: z.literal(false).default(false),
  priority_levels: whole(0, mostLevels).default(0),
  default_priority_level: whole(0, mostLevels).default(0),
  default_queue_policy: queuePolicy.optional(),
  priority_queue_policy: byKey(/^[1-9]\d{0,2}$/, "a priority level", queuePolicy).default({}),
});

const version = whole(1, 999_999_999_999_999);

/** One of three, as in a config.pbtxt. */
const versionPolicy = z
  .strictObject({
    latest: z.strictObject({ num_versions: whole(1, 1_000).default(1) }).optional(),
    all: z.strictObject({}).optional(),
    specific: z.strictObject({ versions: z.array(version).min(1).max(1_000) }).optional(),
  })
  .refine((policy) => Object.values(policy).filter((value) => value !== undefined).length === 1, {
    error: "expected one of latest, all and specific",
  });

const instanceGroup = z.strictObject({
  name: z.string().max(256).optional(),
  count: whole(1, 256).default(1),
  kind: z.enum(["KIND_AUTO", "KIND_CPU", "KIND_GPU"]).default("KIND_AUTO"),
});

const warmUpInput = z
  .strictObject({
    /** The file says the type; the word is understood so that a config.pbtxt can be carried over. */
    data_type: z
      .string()
      .regex(/^TYPE_[A-Z0-9]{1,16}$/, "expected a type such as TYPE_FP32")
      .optional(),
    dims: z.array(whole(1, 65_536)).max(8).optional(),
    zero_data: z.boolean().optional(),
    random_data: z.boolean().optional(),
  })
  .refine(({ zero_data, random_data }) => (zero_data === true) !== (random_data === true), {
    error: "expected one of zero_data: true and random_data: true",
  });

const warmUp = z.strictObject({
  name: z.string().max(256).default("warm-up"),
  /** 0 is Triton's for a model that knows no batches. */
  batch_size: whole(0, mostBatch).default(1),
  count: whole(0, 1_000).default(1),
  inputs: byKey(tensorName, "an input", warmUpInput).default({}),
});

const label = z.union([z.string().max(1_024), z.number()]).transform(String);
const labels = z.array(label).min(1).max(100_000);
const side = whole(1, 4_096);
const sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, "expected a SHA-256, which is 64 hexadecimal digits")
  .toLowerCase();

/** What may stand in a `model.yaml`; the words are those of Triton's config.pbtxt where it has one for the thing. */
export const modelSchema = z.strictObject({
  max_batch_size: whole(0, mostBatch).optional(),
  dynamic_batching: dynamicBatching.optional(),
  version_policy: versionPolicy.optional(),
  instance_group: z.array(instanceGroup).max(16).default([]),
  model_warmup: z.array(warmUp).max(64).default([]),
  task: z.enum(["detect", "segment", "pose", "obb", "classify"]).optional(),
  /** A list, or numbers with their names; a number without a name keeps its number. */
  names: z
    .union([labels, byKey(/^\d{1,5}$/, "a class number", label)], {
      error: "expected a list of names, or class numbers with names",
    })
    .optional(),
  /** One number for both sides, or height and width. */
  imgsz: z
    .union([side, z.tuple([side, side])], { error: "expected a number up to 4096, or [height, width]" })
    .optional(),
  /** By version: the hash of its model.onnx, or of several files by name. */
  sha256: byKey(
    /^[1-9]\d{0,14}$/,
    "a version",
    z.union([sha256, byKey(/^.{1,1024}$/s, "a file name", sha256)], {
      error: "expected a SHA-256, which is 64 hexadecimal digits, or file names with theirs",
    }),
  ).default({}),
  execution_providers: z.array(z.enum(executionProviders)).min(1).max(4).optional(),
  labels: byKey(tensorName, "an output", labels).default({}),
});

export type ModelYaml = z.output<typeof modelSchema>;
