import { expect, test } from "vitest";
import type { Datatype, Tensors } from "#inference/contract.ts";
import { runWarmUps } from "#inference/models/run-warm-ups.ts";
import { systemChance } from "#infra/runtime/chance.ts";

const { signal } = new AbortController();

async function warm(dims: readonly number[], datatype: Datatype = "FP32"): Promise<readonly Tensors[]> {
  const given: Tensors[] = [];
  const run = async (inputs: Tensors) => {
    given.push(inputs);
    return { outputs: {}, queueMs: 0, inferenceMs: 0, batch: 1, spent: {} };
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
