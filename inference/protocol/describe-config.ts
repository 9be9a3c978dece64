import type { TensorSpec } from "#inference/contract.ts";
import type { Batching, QueuePolicy } from "#inference/engine/batching.ts";
import type { Face } from "#inference/face.ts";
import type { PythonLiteral } from "#inference/models/python-literal.ts";
import { datatypes } from "./datatypes.ts";
import { writePythonLiteral } from "./write-python-literal.ts";

export type ConfigFacts = Pick<Face, "name" | "platform" | "inputs" | "outputs" | "maxBatchSize"> & {
  readonly backend?: string | undefined;
  readonly versionPolicy: ConfigVersionPolicy;
  /** How inputs of four dimensions hold images; left out where they hold none. */
  readonly imageFormat?: "NCHW" | "NHWC" | undefined;
  /** Undefined: runs are not put together. */
  readonly batching?: Batching | undefined;
  /** Sessions of the model that run side by side. */
  readonly instances: number;
  readonly onGpu: boolean;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** What the model says of itself; clients read it out of the parameter `metadata`. */
  readonly metadata?: ReadonlyMap<string, PythonLiteral> | undefined;
};

export type ConfigVersionPolicy =
  | { readonly latest: number }
  | { readonly specific: readonly number[] }
  | "all";

/** What `GET /v2/models/{model}/config` says, as Triton prints its ModelConfig. */
export function describeConfig(facts: ConfigFacts): object {
  const { name, platform, backend = "onnxruntime", maxBatchSize, batching } = facts;
  return {
    name,
    platform,
    backend,
    version_policy: describePolicy(facts.versionPolicy),
    max_batch_size: maxBatchSize,
    input: facts.inputs.map((spec) => describeInput(spec, facts)),
    output: facts.outputs.map((spec) => describeOutput(spec, facts)),
    batch_input: [],
    batch_output: [],
    ...(batching && batching.maxBatchSize > 1 ? { dynamic_batching: describeBatching(batching) } : {}),
    instance_group: [describeInstances(facts)],
    default_model_filename: "model.onnx",
    cc_model_filenames: {},
    metric_tags: {},
    parameters: describeParameters(facts),
    model_warmup: [],
  };
}

function describePolicy(policy: ConfigVersionPolicy): object {
  if (policy === "all") return { all: {} };
  return "latest" in policy
    ? { latest: { num_versions: policy.latest } }
    : { specific: { versions: policy.specific } };
}

function describeInput(spec: TensorSpec, facts: ConfigFacts): object {
  const isImage = facts.imageFormat !== undefined && spec.shape.length === 4;
  return {
    name: spec.name,
    data_type: datatypes[spec.datatype].configType,
    format: isImage && facts.maxBatchSize > 0 ? `FORMAT_${facts.imageFormat}` : "FORMAT_NONE",
    dims: dimsOf(spec, facts),
    is_shape_tensor: false,
    allow_ragged_batch: false,
    optional: false,
    is_non_linear_format_io: false,
  };
}

function describeOutput(spec: TensorSpec, facts: ConfigFacts): object {
  return {
    name: spec.name,
    data_type: datatypes[spec.datatype].configType,
    dims: dimsOf(spec, facts),
    label_filename: "",
    is_shape_tensor: false,
    is_non_linear_format_io: false,
  };
}

/** A model that takes batches does not name the dimension that counts them. */
function dimsOf({ shape }: TensorSpec, { maxBatchSize }: ConfigFacts): readonly number[] {
  return maxBatchSize > 0 ? shape.slice(1) : shape;
}

function describeBatching(batching: Batching): object {
  const policies = Object.entries(batching.priorityQueuePolicies);
  return {
    preferred_batch_size: batching.preferredBatchSizes,
    max_queue_delay_microseconds: microseconds(batching.maxQueueDelayMs),
    preserve_ordering: false,
    priority_levels: batching.priorityLevels,
    default_priority_level: batching.defaultPriorityLevel,
    default_queue_policy: describeQueue(batching.defaultQueuePolicy),
    priority_queue_policy: Object.fromEntries(
      policies.map(([level, policy]) => [level, describeQueue(policy)]),
    ),
  };
}

function describeQueue({
  timeoutAction,
  defaultTimeoutMs,
  allowTimeoutOverride,
  maxQueueSize,
}: QueuePolicy): object {
  return {
    timeout_action: timeoutAction === "delay" ? "DELAY" : "REJECT",
    default_timeout_microseconds: microseconds(defaultTimeoutMs),
    allow_timeout_override: allowTimeoutOverride,
    max_queue_size: maxQueueSize,
  };
}

function microseconds(ms: number): number {
  return Math.round(ms * 1_000);
}

function describeInstances({ name, instances, onGpu }: ConfigFacts): object {
  return {
    name,
    kind: onGpu ? "KIND_GPU" : "KIND_CPU",
    count: instances,
    gpus: onGpu ? [0] : [],
    secondary_devices: [],
    profile: [],
    passive: false,
    host_policy: "",
  };
}

function describeParameters({ parameters = {}, metadata }: ConfigFacts): object {
  const texts = metadata ? { ...parameters, metadata: writePythonLiteral(metadata) } : parameters;
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { string_value: text }]));
}
