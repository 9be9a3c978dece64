import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import { type QuantizeRequest, quantizeFile } from "#inference/quantize/quantize-file.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { writeSceneFolder } from "#test/bench/quantize/write-scene-folder.ts";
import { startBackend } from "#test/support/backend-process.ts";
import { writeOnnx } from "#test/support/onnx-writer.ts";
import { seededRandom } from "#test/support/random.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

const digits = join(import.meta.dirname, "../../inference/models/demo/digits-n/1/model.onnx");
const signal = new AbortController().signal;
let folder = "";
let images = "";
let truth = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantize-"));
  images = await writeSceneFolder(join(folder, "images"), {
    count: 24,
    seed: 2_000_000,
    split: "validation",
  });
  truth = await writeSceneFolder(join(folder, "truth"), { count: 60, seed: 3_000_000, split: "held-out" });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function quantized(request: Partial<QuantizeRequest> & { readonly out: string }) {
  const usual: QuantizeRequest = {
    ...{ model: digits, images, out: request.out, target: "x64", calibration: "minmax" },
    ...{ shadow: undefined, truth: undefined, floors: { agreement: 0.9, mapLoss: 1 } },
  };
  const surroundings = {
    clock: systemClock,
    signal,
    exactQuantized: false,
    speedMs: 100,
    say: () => undefined,
  };
  return quantizeFile({ ...usual, ...request }, surroundings);
}

test("the demo model loses less than a point, computes in whole numbers and is served as int8", async () => {
  const out = join(folder, "digits-int8.onnx");
  const args = ["--images", images, "--out", out, "--shadow", truth, "--truth", truth, "--json"];
  const { code, stdout, stderr } = await runTradewind(["models", "quantize", digits, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("calibrating on 24 images") });
  const report = JSON.parse(stdout);
  expect(report.kernels).toMatchObject({ QLinearConv: 22, QLinearAdd: 5 });
  expect(report.kernels).not.toHaveProperty("Conv");
  expect(report.accuracy.lost).toBeLessThan(1);
  expect(report.agreement.mean).toBeGreaterThan(0.96);
  expect(report.bytes.after / report.bytes.before).toBeLessThan(0.6);
  const [before, after] = [readOnnx(await readFile(digits)), readOnnx(await readFile(out))];
  expect(Object.fromEntries(after.metadata)).toMatchObject(Object.fromEntries(before.metadata));
  expect(after.metadata.get("quantization")).toContain("uint8 activations");
  await using backend = await startBackend("--model", out);
  await using client = createOpenInferenceClient({ url: backend.url });
  expect(await client.describe("digits-int8", { signal })).toMatchObject({
    precision: "int8",
    task: "detect",
  });
});

test.each(["percentile", "entropy"] as const)(
  "the demo model also keeps its floors by %s",
  async (calibration) => {
    const report = await quantized({ out: join(folder, `${calibration}.onnx`), calibration, truth });
    expect(report.refusals).toEqual([]);
    expect(report.accuracy?.lost).toBeLessThan(1);
  },
);

test.each([
  ["arm64", "int8 activations"],
  ["x64-no-vnni", "at most 64"],
] as const)("a model for %s runs here and agrees with the original", async (target, note) => {
  const out = join(folder, `${target}.onnx`);
  const report = await quantized({ out, target });
  expect(report.agreement.mean).toBeGreaterThan(0.95);
  expect(readOnnx(await readFile(out)).metadata.get("quantization")).toContain(note);
});

test("below a floor nothing is written and nothing is left behind, and what stood there stays", async () => {
  const out = join(folder, "refused.onnx");
  await writeFile(out, "what stood there");
  const before = await readdir(folder);
  const report = await quantized({ out, truth, floors: { agreement: 1, mapLoss: 0 } });
  expect(report.isWritten).toBe(false);
  expect(report.refusals[0]).toMatch(/agrees with the original to 0\.\d+, less than 1$/);
  expect(await readFile(out, "utf8")).toBe("what stood there");
  expect(await readdir(folder)).toEqual(before);
});

test("the command says why nothing was written, and is exit code 1", async () => {
  const args = ["--images", images, "--out", join(folder, "no.onnx"), "--min-agreement", "1"];
  const { code, stdout } = await runTradewind(["models", "quantize", digits, ...args]);
  expect(code).toBe(1);
  expect(stdout).toContain("nothing was written");
});

test.each([
  ["no verb", ["models"], "expected: tradewind models quantize"],
  ["another verb", ["models", "shrink"], "expected: tradewind models quantize"],
  ["no model", ["models", "quantize", "--images", "i"], "--images DIR --out FILE"],
])("the command with %s is wrong use", async (_, args, words) => {
  const { code, stderr } = await runTradewind(args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
});

test("a model that was quantized before, or cannot be, is refused", async () => {
  const out = join(folder, "never.onnx");
  const again = join(folder, "again.onnx");
  expect((await quantized({ out: again })).isWritten).toBe(true);
  await expect(quantized({ model: again, out })).rejects.toThrow("so is quantized");
  const plain = join(folder, "plain.onnx");
  await writeFile(
    plain,
    writeOnnx({
      inputs: [{ name: "images", dims: [1, 3, 32, 32] }],
      outputs: [{ name: "output0", dims: [1, 5, 4] }],
      nodes: [{ op: "Relu", inputs: ["images"], outputs: ["output0"] }],
      metadata: { names: "{0: 'a'}", task: "detect" },
    }),
  );
  await expect(quantized({ model: plain, out })).rejects.toThrow("no operation of it has weights");
});

test.each([
  ["the model's own name", { out: digits }, "parameter_invalid"],
  ["a folder that is not there", { out: "/no/such/folder/q.onnx" }, "folder_unusable"],
  ["a folder in place of a file", { out: tmpdir() }, "folder_unusable"],
  ["images that are not there", { out: "q.onnx", images: "/no/such/folder" }, "folder_unusable"],
  ["a model that is not there", { out: "q.onnx", model: "/no/such/model.onnx" }, "model_unusable"],
  ["a truth that is not there", { out: join(tmpdir(), "q.onnx"), truth: tmpdir() }, "folder_unusable"],
])("a quantization with %s is refused in the catalogue's words", async (_, request, code) => {
  await expect(quantized(request)).rejects.toMatchObject({ code });
});

test("an image that cannot be decoded is named", async () => {
  const bad = await mkdtemp(join(folder, "bad-"));
  await writeFile(join(bad, "broken.jpg"), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0]));
  const asked = quantized({ out: join(folder, "never.onnx"), images: bad });
  await expect(asked).rejects.toMatchObject({
    code: "image_undecodable",
    message: expect.stringContaining("broken.jpg"),
  });
});

test("damaged models are quantized or refused in the catalogue's words", async () => {
  const random = seededRandom(81);
  const good = await readFile(digits);
  const model = join(folder, "damaged.onnx");
  const few = await writeSceneFolder(join(folder, "few"), { count: 1, seed: 5, split: "train" });
  for (let round = 0; round < 25; round += 1) {
    const bytes = Buffer.from(good);
    // Names, shapes and operators lie at both ends; in between are the weights.
    for (let hit = random.integer(1, 3); hit > 0; hit -= 1) {
      bytes[random.integer(0, 12_000)] = random.integer(0, 255);
    }
    await writeFile(model, round % 5 === 0 ? bytes.subarray(0, random.integer(0, bytes.byteLength)) : bytes);
    const asked = quantized({ model, images: few, out: join(folder, "damaged-int8.onnx") });
    const code = await asked.then(
      () => "quantized",
      (error) => error.code,
    );
    expect(["quantized", "model_unusable"]).toContain(code);
  }
});
