import { expect, test } from "vitest";
import { type Batching, noBatching } from "#inference/engine/batching.ts";
import { type PythonLiteral, parsePythonLiteral } from "#inference/models/python-literal.ts";
import { type ConfigFacts, describeConfig } from "#inference/protocol/describe-config.ts";
import { modelConfigSchema } from "#test/support/open-inference-schemas.ts";

const metadata = new Map<string, PythonLiteral>([
  ["task", "detect"],
  ["names", new Map([[0, "o'x"]])],
]);

const facts: ConfigFacts = {
  name: "yolov8n",
  platform: "onnxruntime_onnx",
  inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, 640, 640] }],
  outputs: [
    { name: "output0", datatype: "FP32", shape: [-1, 84, 8400] },
    { name: "names", datatype: "BYTES", shape: [-1, 1] },
  ],
  maxBatchSize: 8,
  versionPolicy: { latest: 1 },
  imageFormat: "NCHW",
  instances: 2,
  onGpu: false,
  metadata,
};

const describe = (given: Partial<ConfigFacts> = {}) =>
  modelConfigSchema.parse(describeConfig({ ...facts, ...given }));

test("a configuration names platform, backend and limits as Triton does", () => {
  expect(describe()).toMatchObject({
    name: "yolov8n",
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    max_batch_size: 8,
    instance_group: [{ name: "yolov8n", kind: "KIND_CPU", count: 2, gpus: [] }],
  });
});

test("tensors of a model that takes batches are described without the batch", () => {
  const { input, output } = describe();
  expect(input).toMatchObject([
    { name: "images", data_type: "TYPE_FP32", dims: [3, 640, 640], format: "FORMAT_NCHW" },
  ]);
  expect(output).toMatchObject([
    { name: "output0", data_type: "TYPE_FP32", dims: [84, 8400] },
    { name: "names", data_type: "TYPE_STRING", dims: [1] },
  ]);
});

test("tensors of a model without batches are described whole", () => {
  const { input, output } = describe({ maxBatchSize: 0 });
  expect(input).toMatchObject([{ dims: [-1, 3, 640, 640], format: "FORMAT_NONE" }]);
  expect(output[0]).toMatchObject({ dims: [-1, 84, 8400] });
});

test("an input that holds no image has no format", () => {
  const inputs = [{ name: "image", datatype: "BYTES", shape: [-1, 1] }] as const;
  expect(describe({ inputs, imageFormat: undefined }).input[0]?.format).toBe("FORMAT_NONE");
  expect(describe({ inputs }).input[0]?.format).toBe("FORMAT_NONE");
});

test.each([
  [{ latest: 3 }, { latest: { num_versions: 3 } }],
  [{ specific: [1, 4] }, { specific: { versions: [1, 4] } }],
  ["all", { all: {} }],
] as const)("the version policy %j is described as %j", (versionPolicy, described) => {
  expect(describe({ versionPolicy }).version_policy).toEqual(described);
});

const batching: Batching = {
  ...noBatching,
  maxBatchSize: 8,
  preferredBatchSizes: [4, 8],
  maxQueueDelayMs: 1.5,
  priorityLevels: 2,
  defaultPriorityLevel: 2,
  priorityQueuePolicies: {
    1: { timeoutAction: "delay", defaultTimeoutMs: 20, allowTimeoutOverride: false, maxQueueSize: 3 },
  },
};

test("dynamic batching is described in Triton's names and units", () => {
  expect(describe({ batching }).dynamic_batching).toEqual({
    preferred_batch_size: [4, 8],
    max_queue_delay_microseconds: 1_500,
    preserve_ordering: false,
    priority_levels: 2,
    default_priority_level: 2,
    default_queue_policy: {
      timeout_action: "REJECT",
      default_timeout_microseconds: 0,
      allow_timeout_override: true,
      max_queue_size: 64,
    },
    priority_queue_policy: {
      "1": {
        timeout_action: "DELAY",
        default_timeout_microseconds: 20_000,
        allow_timeout_override: false,
        max_queue_size: 3,
      },
    },
  });
});

test("a model whose runs are not put together has no dynamic batching", () => {
  expect(describe()).not.toHaveProperty("dynamic_batching");
  expect(describe({ batching: noBatching })).not.toHaveProperty("dynamic_batching");
});

test("a session on a GPU is said to be on one", () => {
  expect(describe({ onGpu: true }).instance_group).toMatchObject([{ kind: "KIND_GPU", gpus: [0] }]);
});

test("a model's own metadata is one Python literal beside its other parameters", () => {
  const { parameters } = describe({ parameters: { execution_provider: "cpu" } });
  expect(Object.keys(parameters)).toEqual(["execution_provider", "metadata"]);
  expect(parsePythonLiteral(parameters.metadata?.string_value ?? "")).toEqual(metadata);
  expect(describe({ metadata: undefined }).parameters).toEqual({});
});
