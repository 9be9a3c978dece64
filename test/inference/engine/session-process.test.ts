import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPool } from "#inference/engine/pool.ts";
import { openSessionProcess } from "#inference/engine/session-process.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { writeColourModel } from "#test/support/colour-model.ts";
import { quickInput, slowInput, writeSlowModel } from "#test/support/slow-model.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "process-"));
});
afterAll(() => rm(folder, { recursive: true }));

const cpu = { executionProviders: ["cpu"], exactQuantized: false } as const;
const oneWorker = { ...cpu, workersFor: () => 1, clock: systemClock, openSession: openSessionProcess };
const { signal } = new AbortController();

test("a model in a process of its own computes what one in a thread does", async () => {
  const path = await writeColourModel(join(folder, "colours.onnx"));
  await using pool = await openPool({ ...oneWorker, path, outputs: ["output0"] });
  const images = {
    datatype: "FP32" as const,
    shape: [1, 3, 64, 64],
    data: new Float32Array(12_288).fill(0.5),
  };
  const { outputs, spent } = await pool.run({ images }, { signal });
  expect(outputs.output0?.shape).toEqual([1, 7, 4]);
  expect(outputs.output0?.data[16]).toBeCloseTo(0.5, 4);
  expect(spent).toEqual({});
});

test("a file that cannot be loaded leaves no process behind", async () => {
  const path = join(folder, "rubbish.onnx");
  await writeFile(path, "no model");
  await expect(openSessionProcess({ ...cpu, path, outputs: [] })).rejects.toMatchObject({
    code: "model_unusable",
  });
});

test("a run that hangs in a process is killed alone, and the next one is answered", async () => {
  const path = await writeSlowModel(join(folder, "slow.onnx"));
  await using pool = await openPool({ ...oneWorker, path, outputs: ["y"], runTimeoutMs: 1_000 });
  await expect(pool.run(slowInput(), { signal })).rejects.toThrow("a run took longer than 1 s");
  await expect(pool.run(quickInput(), { signal })).resolves.toMatchObject({ batch: 1 });
  expect(pool.ready).toBe(true);
});
