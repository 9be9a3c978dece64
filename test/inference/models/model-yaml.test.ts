import { expect, test } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { plainSettings } from "#inference/models/model-settings.ts";
import { parseModelYaml } from "#inference/models/model-yaml.ts";

const parse = (text: string) => parseModelYaml(text, { file: "m/model.yaml" });
const hash = "0123456789abcdef".repeat(4);

test("an empty model.yaml says as little as none", () => {
  expect(parse("")).toEqual(plainSettings);
  expect(parse("# later\n")).toEqual(plainSettings);
});

test("every word of a model.yaml arrives in the settings", () => {
  const text = `
max_batch_size: 8
dynamic_batching:
  preferred_batch_size: [8, 4, 4]
  max_queue_delay_microseconds: 2500
  priority_levels: 3
  default_priority_level: 2
  default_queue_policy:
    timeout_action: DELAY
    default_timeout_microseconds: 500000
    allow_timeout_override: true
    max_queue_size: 32
  priority_queue_policy:
    1: { default_timeout_microseconds: 100000 }
version_policy: { specific: { versions: [1, 3, 3] } }
instance_group:
  - { count: 2, kind: KIND_GPU }
  - { count: 1, kind: KIND_GPU }
model_warmup:
  - { name: first, batch_size: 8, count: 3, inputs: { images: { data_type: TYPE_FP32, dims: [3, 64, 64], random_data: true } } }
  - { batch_size: 0 }
task: detect
names: { 0: zero, 2: 2 }
imgsz: [480, 640]
sha256:
  "1": ${hash.toUpperCase()}
  "3": { model.onnx: ${hash}, model.onnx.data: ${hash} }
execution_providers: [tensorrt, cuda]
labels: { output0: [cat, dog] }
`;
  expect(parse(text)).toEqual({
    task: "detect",
    names: ["zero", "1", "2"],
    imageSize: { width: 640, height: 480 },
    labels: { output0: ["cat", "dog"] },
    maxBatchSize: 8,
    batching: {
      maxBatchSize: 8,
      preferredBatchSizes: [4, 8],
      maxQueueDelayMs: 2.5,
      priorityLevels: 3,
      defaultPriorityLevel: 2,
      defaultQueuePolicy: {
        timeoutAction: "delay",
        defaultTimeoutMs: 500,
        allowTimeoutOverride: true,
        maxQueueSize: 32,
      },
      priorityQueuePolicies: {
        1: { timeoutAction: "reject", defaultTimeoutMs: 100, allowTimeoutOverride: false, maxQueueSize: 64 },
      },
    },
    versionPolicy: { kind: "specific", versions: ["1", "3"] },
    instances: 3,
    executionProviders: ["tensorrt", "cuda"],
    warmUp: [
      { name: "first", batchSize: 8, count: 3, inputs: { images: { data: "random", dims: [3, 64, 64] } } },
      { name: "warm-up", batchSize: 1, count: 1, inputs: {} },
    ],
    pins: { "1": { "model.onnx": hash }, "3": { "model.onnx": hash, "model.onnx.data": hash } },
  });
});

test("a batch size without dynamic_batching lets requests bring batches and puts none together", () => {
  const settings = parse("max_batch_size: 8");
  expect(settings.maxBatchSize).toBe(8);
  expect(settings.batching).toEqual(noBatching);
});

test("dynamic_batching that says no more waits for nobody and has our queue", () => {
  expect(parse("max_batch_size: 4\ndynamic_batching: {}").batching).toEqual({
    ...noBatching,
    maxBatchSize: 4,
  });
});

test.each([
  ["version_policy: { all: {} }", { kind: "all" }],
  ["version_policy: { latest: {} }", { kind: "latest", count: 1 }],
  ["version_policy: { latest: { num_versions: 3 } }", { kind: "latest", count: 3 }],
])("version policy %s", (text, policy) => {
  expect(parse(text).versionPolicy).toEqual(policy);
});

test.each([
  ["instance_group: [{ count: 2, kind: KIND_CPU }]", ["cpu"]],
  ["instance_group: [{ kind: KIND_GPU }]", ["cuda"]],
  ["instance_group: [{ kind: KIND_AUTO }]", undefined],
  ["instance_group: [{ kind: KIND_GPU }]\nexecution_providers: [cuda, cpu]", ["cuda", "cpu"]],
])("execution providers of %s", (text, providers) => {
  expect(parse(text).executionProviders).toEqual(providers);
});

test("a list of numbers is a list of names", () => {
  expect(parse("names: [0, 1, nine]").names).toEqual(["0", "1", "nine"]);
  expect(parse("imgsz: 320").imageSize).toEqual({ width: 320, height: 320 });
});

test.each([
  ["max_batch: 8", 'm/model.yaml:1:1  max_batch: unknown key "max_batch"'],
  ["max_batch_size: many", "m/model.yaml:1:1  max_batch_size"],
  ["max_batch_size: -1", "max_batch_size"],
  ["max_batch_size: 99999999", "max_batch_size"],
  ["dynamic_batching: {}", "dynamic_batching: needs a max_batch_size of 2 or more"],
  ["max_batch_size: 1\ndynamic_batching: {}", "m/model.yaml:2:1  dynamic_batching: needs a max_batch_size"],
  [
    "max_batch_size: 4\ndynamic_batching: { preferred_batch_size: [2, 8] }",
    "8 is more than max_batch_size, which is 4",
  ],
  ["max_batch_size: 4\ndynamic_batching: { preserve_ordering: true }", "dynamic_batching.preserve_ordering"],
  ["max_batch_size: 4\ndynamic_batching: { priority_levels: 2 }", "expected one of the levels, 1 to 2"],
  ["max_batch_size: 4\ndynamic_batching: { default_priority_level: 1 }", "needs priority_levels"],
  ["max_batch_size: 4\ndynamic_batching: { priority_queue_policy: { 3: {} } }", "there is no level 3"],
  [
    "max_batch_size: 4\ndynamic_batching: { priority_queue_policy: { high: {} } }",
    "expected a priority level as a key",
  ],
  [
    "max_batch_size: 4\ndynamic_batching: { default_queue_policy: { timeout_action: WAIT } }",
    "timeout_action",
  ],
  ["model_warmup: [{ batch_size: 2 }]", "2 is more than max_batch_size, which is 0"],
  [
    "model_warmup: [{ inputs: { images: { dims: [1] } } }]",
    "expected one of zero_data: true and random_data: true",
  ],
  ["version_policy: { latest: {}, all: {} }", "expected one of latest, all and specific"],
  ["version_policy: {}", "expected one of latest, all and specific"],
  ["version_policy: { specific: { versions: [] } }", "version_policy.specific.versions"],
  ["version_policy: { latest: { num_versions: 0 } }", "num_versions"],
  ["instance_group: [{ kind: KIND_CPU }, { kind: KIND_GPU }]", "expected one kind"],
  ["instance_group: [{ count: 200 }, { count: 57 }]", "expected at most 256 sessions together, got 257"],
  ["instance_group: [{ kind: KIND_CPU }]\nexecution_providers: [cuda]", "so expected cpu alone"],
  ["instance_group: [{ kind: KIND_GPU }]\nexecution_providers: [cpu]", "so expected more than cpu"],
  ["execution_providers: [cpu, cpu]", "names one of them twice"],
  ["execution_providers: [quantum]", "execution_providers.0"],
  ["task: guess", "task"],
  ["names: {}\nnames: []", "unique"],
  ["names: 7", "expected a list of names, or class numbers with names"],
  ["names: { person: 0 }", "names"],
  ["imgsz: 100000", "imgsz: Too big"],
  ["imgsz: wide", "expected a number up to 4096, or [height, width]"],
  ["sha256: { '1': abc }", "expected a SHA-256"],
  [`sha256: { '01': ${hash} }`, "expected a version as a key"],
  ["labels: { output0: [] }", "labels.output0"],
  ["a: &a [1]\nb: *a", "aliases"],
])("refuses in a model.yaml: %s", (text, words) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: "config_invalid", message: expect.stringContaining(words) }),
  );
});

test("all problems of a model.yaml are told at once, each at its place", () => {
  const text = `max_batch_size: 4
dynamic_batching:
  preferred_batch_size: [16]
  priority_levels: 2
version_policy: { all: {} }
model_warmup: [{ batch_size: 9 }]
`;
  const problems = [
    "m/model.yaml:3:26  ",
    "m/model.yaml:2:1  dynamic_batching.default_priority_level",
    "m/model.yaml:6:18  ",
  ];
  for (const problem of problems) expect(() => parse(text)).toThrow(problem);
  expect(() => parse(text)).toThrow("has 3 problems");
});
