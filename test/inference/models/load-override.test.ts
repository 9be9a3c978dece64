import { expect, test } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { parseLoadConfig } from "#inference/models/load-override.ts";
import { plainSettings } from "#inference/models/model-settings.ts";
import { describeConfig } from "#inference/protocol/describe-config.ts";

test("the config of a load request speaks the words of model.yaml, and 64-bit numbers may be text", () => {
  const json = `{"max_batch_size": 4, "version_policy": {"specific": {"versions": ["2"]}},
    "dynamic_batching": {"max_queue_delay_microseconds": "100", "default_queue_policy": {"max_queue_size": 0}}}`;
  const settings = parseLoadConfig(json, {});
  expect(settings.versionPolicy).toEqual({ kind: "specific", versions: ["2"] });
  expect(settings.batching).toMatchObject({ maxBatchSize: 4, maxQueueDelayMs: 0.1 });
  expect(settings.batching.defaultQueuePolicy.maxQueueSize).toBe(64);
});

test("a config that a client read from a server comes back without harm: what the model's file says is not read", () => {
  const json = `{"name": "m", "platform": "onnxruntime_onnx", "backend": "onnxruntime",
    "input": [{"name": "images", "data_type": "TYPE_FP32", "dims": [3, 640, 640]}], "output": [],
    "parameters": {"metadata": {"string_value": "{}"}}, "max_batch_size": 0}`;
  expect(parseLoadConfig(json, {})).toEqual({ ...plainSettings, maxBatchSize: 0 });
});

test("a caller can neither drop nor set pins", () => {
  const pins = { "1": { "model.onnx": "0".repeat(64) } };
  expect(parseLoadConfig("{}", pins).pins).toBe(pins);
  expect(() => parseLoadConfig(`{"sha256": {"1": "${"1".repeat(64)}"}}`, {})).toThrow("sha256");
});

test.each([
  ["", "it is no JSON"],
  ["{", "it is no JSON"],
  ["[]", "it is no object"],
  ["null", "it is no object"],
  ['"text"', "it is no object"],
  [`"${"x".repeat(1_048_576)}"`, "longer than"],
  [`${"[".repeat(100_000)}`, "it is no JSON"],
  ['{"max_batch": 1}', 'unknown key "max_batch"'],
  ['{"__proto__": 1}', "__proto__"],
  ['{"version_policy": {"latest": {"count": 1}}}', 'unknown key "version_policy.latest.count"'],
  ['{"max_batch_size": 1, "dynamic_batching": {}}', "dynamic_batching: needs a max_batch_size of 2 or more"],
  ['{"max_batch_size": 1.5}', "max_batch_size"],
])("refuses as a load request's config: %.60s", (json, words) => {
  expect(() => parseLoadConfig(json, {})).toThrow(
    expect.objectContaining({ code: "request_malformed", message: expect.stringContaining(words) }),
  );
});

test("a config with thousands of mistakes gets a short answer", () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `"key${index}": 1`).join(",");
  try {
    parseLoadConfig(`{${keys}}`, {});
    expect.unreachable();
  } catch (error) {
    expect(String(error).length).toBeLessThan(2_000);
  }
});

test("what a server says of its own configuration can be sent back to it", () => {
  const config = describeConfig({
    ...{ name: "m", platform: "onnxruntime_onnx", maxBatchSize: 4, instances: 2, onGpu: false },
    inputs: [{ name: "x", datatype: "FP32", shape: [-1, 3] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [-1, 3] }],
    versionPolicy: "all",
    batching: { ...noBatching, maxBatchSize: 4, preferredBatchSizes: [4], maxQueueDelayMs: 2 },
  });
  const settings = parseLoadConfig(JSON.stringify(config), {});
  expect(settings).toMatchObject({ maxBatchSize: 4, instances: 2, versionPolicy: { kind: "all" } });
  expect(settings.batching).toMatchObject({ preferredBatchSizes: [4], maxQueueDelayMs: 2 });
});
