import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunSelfTest, runSelfTest } from "#edge/self-test/run-self-test.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { openModel } from "#inference/open-model.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { writeColourModel } from "#test/support/colour-model.ts";
import { badColours, writeGoldenColours, writeHeavyColours } from "#test/support/edge/golden-colours.ts";

const { signal } = new AbortController();
let folder = "";
let golden = "";
let good = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "self-test-"));
  good = await writeColourModel(join(folder, "good.onnx"));
  golden = await writeGoldenColours(good, join(folder, "golden.json"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const fileOf = (path: string) => ({ name: "colour", version: "1", path });

function tried(path: string, more: Partial<RunSelfTest> = {}) {
  const limits = { minAgreement: 950_000, memoryBytes: 400 * 1_048_576, timeMs: 60_000, ...more.limits };
  const usual = { candidate: fileOf(path), golden, active: fileOf(good), exactQuantized: false };
  return runSelfTest({ ...usual, clock: systemClock, signal, ...more, limits });
}

test("a good release holds, with all that it was measured for", async () => {
  const verdict = await tried(good);
  expect(verdict).toEqual({
    held: true,
    agreement: 1_000_000,
    p95Ms: expect.any(Number),
    memoryBytes: expect.any(Number),
  });
});

test("a first release has nothing to be compared with, and one that is broken is no reason against it", async () => {
  expect(await tried(good, { active: undefined })).toMatchObject({ held: true });
  const broken = fileOf(join(folder, "not-there.onnx"));
  expect(await tried(good, { active: broken })).toMatchObject({ held: true });
});

test.each(Object.entries(badColours))(
  "a release with %s is refused, and what runs goes on",
  async (name, changes) => {
    await using running = await openModel(fileOf(good), { workers: 1, clock: systemClock, signal });
    const path = await writeColourModel(join(folder, `${name.replaceAll(" ", "-")}.onnx`), changes);
    expect(await tried(path)).toMatchObject({ held: false, cause: "self_test_failed" });
    const { images } = JSON.parse(await (await import("node:fs/promises")).readFile(golden, "utf8"));
    const image = Buffer.from(images[0].image, "base64");
    const answer = await running.detect?.(image, { options: detectDefaults, signal });
    expect(answer?.detections).toHaveLength(1);
  },
);

test("a release that takes three times as long is refused, though all its answers are right", {
  timeout: 60_000,
}, async () => {
  const path = await writeHeavyColours(join(folder, "slow.onnx"), { side: 512, products: 3 });
  expect(await tried(path)).toMatchObject({ held: false, cause: "too_slow" });
  expect(await tried(path, { active: fileOf(path) })).toMatchObject({ held: true });
});

test("a release that eats memory is ended before it has eaten it all", async () => {
  const path = await writeHeavyColours(join(folder, "hungry.onnx"), { side: 12_000, products: 0 });
  const limits = { minAgreement: 950_000, memoryBytes: 150 * 1_048_576, timeMs: 60_000 };
  const verdict = await tried(path, { limits, active: undefined });
  expect(verdict).toMatchObject({ held: false, cause: "too_large" });
});

test.each([
  ["hang", "too_slow"],
  ["killed", "self_test_crashed"],
  ["babble", "self_test_crashed"],
  ["leave", "self_test_crashed"],
])("a test whose process ends by %s is a verdict against the release", async (name, cause) => {
  const module = pathToFileURL(join(import.meta.dirname, `../../support/edge/self-test-ends/${name}.ts`));
  const limits = { minAgreement: 950_000, memoryBytes: 1e9, timeMs: 1_500 };
  expect(await tried(good, { module, limits })).toMatchObject({ held: false, cause });
});

test("a test that the system ended once is made again, and its second end is the verdict", async () => {
  const module = pathToFileURL(join(import.meta.dirname, "../../support/edge/self-test-ends/killed-once.ts"));
  expect(await tried(good, { module })).toMatchObject({ held: true });
});

test("nothing of the agent's surroundings, where keys and tokens may stand, is handed to a test", async () => {
  const module = pathToFileURL(
    join(import.meta.dirname, "../../support/edge/self-test-ends/tell-surroundings.ts"),
  );
  expect(await tried(good, { module })).toMatchObject({ held: false, detail: "nothing" });
});

test.each([
  ["no model", "self_test_failed", Buffer.from("nothing of the kind")],
  ["an empty file", "self_test_failed", Buffer.alloc(0)],
])("%s on trial is refused", async (name, cause, bytes) => {
  const path = join(folder, `${name.replaceAll(" ", "-")}.onnx`);
  await writeFile(path, bytes);
  expect(await tried(path)).toMatchObject({ held: false, cause });
});

test("golden images that cannot be read are the file's fault and not the model's", async () => {
  const path = join(folder, "torn.json");
  await writeFile(path, '{"schema":1,"images":[');
  expect(await tried(good, { golden: path })).toMatchObject({ held: false, cause: "corrupted" });
});

test("a test that is called off ends its process and gives no verdict", async () => {
  const stop = new AbortController();
  const module = pathToFileURL(join(import.meta.dirname, "../../support/edge/self-test-ends/hang.ts"));
  const testing = tried(good, { module, signal: stop.signal });
  stop.abort(new Error("called off"));
  await expect(testing).rejects.toThrow("called off");
});
