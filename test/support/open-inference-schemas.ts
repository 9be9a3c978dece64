import { z } from "zod";

/** The protocol's JSON as its text describes it, strictly: a member that it does not name is a mistake of ours. */

const datatype = z.enum([
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "BF16",
  "FP32",
  "FP64",
  "BYTES",
]);

const parameter = z.union([z.string(), z.number(), z.boolean()]);
const parameters = z.record(z.string(), parameter);
const size = z.int().min(0);

/** Flat or nested row by row; null stands for a number that is not finite. */
type Data = readonly (string | number | boolean | null | Data)[];
const data: z.ZodType<Data> = z.array(
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.lazy(() => data)]),
);

const tensorHead = { name: z.string(), datatype, shape: z.array(size) };
const jsonTensor = z.strictObject({ ...tensorHead, data, parameters: parameters.optional() });
const binaryTensor = z.strictObject({
  ...tensorHead,
  parameters: z.object({ binary_data_size: size }).catchall(parameter),
});
const tensor = z.union([jsonTensor, binaryTensor]);

export const inferRequestSchema = z.strictObject({
  id: z.string().optional(),
  parameters: parameters.optional(),
  inputs: z.array(tensor).min(1),
  outputs: z.array(z.strictObject({ name: z.string(), parameters: parameters.optional() })).optional(),
});

export const inferResponseSchema = z.strictObject({
  id: z.string().optional(),
  model_name: z.string(),
  model_version: z.string().optional(),
  parameters: parameters.optional(),
  outputs: z.array(tensor),
});

const tensorMetadata = z.strictObject({ name: z.string(), datatype, shape: z.array(z.int().min(-1)) });

export const modelMetadataSchema = z.strictObject({
  name: z.string(),
  versions: z.array(z.string()).optional(),
  platform: z.string(),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
  parameters: parameters.optional(),
});

export const serverMetadataSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});

export const errorSchema = z.strictObject({ error: z.string().min(1) });

export const repositoryIndexSchema = z.array(
  z.strictObject({
    name: z.string(),
    version: z.string().optional(),
    state: z.enum(["UNKNOWN", "READY", "UNAVAILABLE", "LOADING", "UNLOADING"]).optional(),
    reason: z.string().optional(),
  }),
);

const duration = z.strictObject({ count: size, ns: size });

export const statisticsSchema = z.strictObject({
  model_stats: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      last_inference: size,
      inference_count: size,
      execution_count: size,
      inference_stats: z.strictObject({
        success: duration,
        fail: duration,
        queue: duration,
        compute_input: duration,
        compute_infer: duration,
        compute_output: duration,
        cache_hit: duration,
        cache_miss: duration,
      }),
      response_stats: z.record(z.string(), z.unknown()),
      batch_stats: z.array(
        z.strictObject({
          batch_size: z.int().min(1),
          compute_input: duration,
          compute_infer: duration,
          compute_output: duration,
        }),
      ),
      memory_usage: z.array(z.strictObject({ type: z.string(), id: z.int(), byte_size: size })),
    }),
  ),
});

const configType = z.enum([
  "TYPE_BOOL",
  "TYPE_UINT8",
  "TYPE_UINT16",
  "TYPE_UINT32",
  "TYPE_UINT64",
  "TYPE_INT8",
  "TYPE_INT16",
  "TYPE_INT32",
  "TYPE_INT64",
  "TYPE_FP16",
  "TYPE_BF16",
  "TYPE_FP32",
  "TYPE_FP64",
  "TYPE_STRING",
]);

const configTensor = {
  name: z.string(),
  data_type: configType,
  dims: z.array(z.int().min(-1)),
  is_shape_tensor: z.boolean(),
  is_non_linear_format_io: z.boolean(),
};

const queuePolicy = z.strictObject({
  timeout_action: z.enum(["REJECT", "DELAY"]),
  default_timeout_microseconds: size,
  allow_timeout_override: z.boolean(),
  max_queue_size: size,
});

export const modelConfigSchema = z.strictObject({
  name: z.string(),
  platform: z.string(),
  backend: z.string(),
  version_policy: z.union([
    z.strictObject({ latest: z.strictObject({ num_versions: z.int().min(1) }) }),
    z.strictObject({ all: z.strictObject({}) }),
    z.strictObject({ specific: z.strictObject({ versions: z.array(z.int()) }) }),
  ]),
  max_batch_size: size,
  input: z.array(
    z.strictObject({
      ...configTensor,
      format: z.enum(["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"]),
      allow_ragged_batch: z.boolean(),
      optional: z.boolean(),
    }),
  ),
  output: z.array(z.strictObject({ ...configTensor, label_filename: z.string() })),
  batch_input: z.array(z.unknown()),
  batch_output: z.array(z.unknown()),
  dynamic_batching: z
    .strictObject({
      preferred_batch_size: z.array(z.int().min(1)),
      max_queue_delay_microseconds: size,
      preserve_ordering: z.boolean(),
      priority_levels: size,
      default_priority_level: size,
      default_queue_policy: queuePolicy,
      priority_queue_policy: z.record(z.string().regex(/^\d+$/), queuePolicy),
    })
    .optional(),
  instance_group: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(["KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"]),
      count: z.int().min(1),
      gpus: z.array(size),
      secondary_devices: z.array(z.unknown()),
      profile: z.array(z.string()),
      passive: z.boolean(),
      host_policy: z.string(),
    }),
  ),
  default_model_filename: z.string(),
  cc_model_filenames: z.record(z.string(), z.string()),
  metric_tags: z.record(z.string(), z.string()),
  parameters: z.record(z.string(), z.strictObject({ string_value: z.string() })),
  model_warmup: z.array(z.unknown()),
});
