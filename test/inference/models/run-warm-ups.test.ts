import { expect, test } from "vitest";
import type { Datatype, Tensors } from "#inference/contract.ts";
import { confirmBatches, runWarmUps, type WarmUpRuns } from "#inference/models/run-warm-ups.ts";
import { systemChance } from "#infra/runtime/chance.ts";

const { signal } = new AbortController();

async function warm(dims: readonly number[], datatype: Datatype = "FP32"): Promise<readonly Tensors[]> {
  const given: Tensors[] = [];
  const run = async (inputs: Tensors) => {
    given.push(inputs);
    const rows = inputs.x?.shape[0] ?? 0;
    const outputs: Tensors = { y: { datatype: "FP32", shape: [rows], data: new Float32Array(rows) } };
    return { outputs, queueMs: 0, inferenceMs: 0, batch: 1, spent: {} };
  };
  const inputs = [{ name: "x", datatype, shape: [-1, ...dims.map(() => -1)] }];
  const warmUps = [{ name: "one", batchSize: 2, count: 1, inputs: { x: { data: "zero", dims } } }] as const;
  await runWarmUps({
    engine: { run },
    inputs,
    maxBatchSize: 2,
    sessions: 2,
    warmUps,
    chance: systemChance,
    signal,
  });
  return given;
}

test("a warm-up runs once in every session, in the size that its owner wrote", async () => {
  const given = await warm([3]);
  expect(given).toHaveLength(2);
  expect(given[0]?.x).toEqual({ datatype: "FP32", shape: [2, 3], data: new Float32Array(6) });
});

test.each<[string, readonly number[], Datatype]>([
  ["numbers", [8_192, 8_192], "FP32"],
  ["numbers beyond counting", Array.from({ length: 8 }, () => 65_536), "FP32"],
  ["texts", [2_048, 1_024], "BYTES"],
])("a warm-up of too many %s for the memory is refused before any is taken", async (_, dims, datatype) => {
  await expect(warm(dims, datatype)).rejects.toMatchObject({
    code: "model_unusable",
    message: expect.stringContaining("bytes for input 'x', at most 268435456"),
  });
});

const batches = (run: WarmUpRuns["engine"]["run"], shape: readonly number[]) =>
  confirmBatches({
    ...{ engine: { run }, inputs: [{ name: "x", datatype: "FP32", shape }], maxBatchSize: 4 },
    ...{ sessions: 1, warmUps: [], chance: systemChance, signal },
  });

test("a model whose rows count what was found is not served in batches", async () => {
  const outputs: Tensors = { y: { datatype: "FP32", shape: [5], data: new Float32Array(5) } };
  const run = async () => ({ outputs, queueMs: 0, inferenceMs: 0, batch: 1, spent: {} });
  await expect(batches(run, [-1, 2])).rejects.toThrow("has 5 rows for 2 items");
  await expect(batches(run, [-1, -1])).rejects.toThrow("has 5 rows for 2 items");
});

test("a model that does not take the smallest of inputs whose size nobody tells is believed", async () => {
  const run = () => Promise.reject(new Error("too small"));
  await expect(batches(run, [-1, -1])).resolves.toBeUndefined();
  await expect(batches(run, [-1, 2])).rejects.toThrow("too small");
});
