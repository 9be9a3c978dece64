import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startBackend } from "#test/support/backend-process.ts";
import { writeColourModel } from "#test/support/colour-model.ts";
import { startFakeTensorServer } from "#test/support/fake-tensor-server.ts";
import { freePort } from "#test/support/free-port.ts";
import { type Posted, post, tensorRequest } from "#test/support/post.ts";
import { sumOf } from "#test/support/triton-metrics.ts";

let folder = "";
let green: Posted;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "upstream-"));
  await writeColourModel(join(folder, "models", "colours", "1", "model.onnx"));
  const background = "#00ff00";
  green = imageRequest(
    await sharp({ create: { width: 640, height: 480, channels: 3, background } })
      .jpeg()
      .toBuffer(),
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** An image, with what is not what the image is made of left out of the answer. */
function imageRequest(image: Buffer): Posted {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(image.byteLength);
  const parameters = { binary_data_size: 4 + image.byteLength };
  const inputs = [{ name: "image", shape: [1], datatype: "BYTES", parameters }];
  const head = Buffer.from(JSON.stringify({ inputs, parameters: { conf: 0.5 } }));
  return {
    headers: { "inference-header-content-length": `${head.byteLength}` },
    body: Buffer.concat([head, length, image]),
  };
}

const patience = { timeout: 15_000, interval: 50 };
const often = { timeout: 15_000, interval: 5 };

const read = async (url: string): Promise<unknown> => (await fetch(url)).json();
const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

async function detections(url: string): Promise<Record<string, unknown>> {
  const { status, json } = await post(`${url}/v2/models/colours/infer`, green);
  expect(status, JSON.stringify(json)).toBe(200);
  const { outputs } = json as { outputs: { name: string; data: unknown }[] };
  return Object.fromEntries(outputs.map(({ name, data }) => [name, data]));
}

/** The square in the middle of the model's 64 x 64, on an image of 640 x 480. */
const seen = { boxes: [160, 80, 480, 400], classes: [1], counts: [1], sizes: [640, 480] };

test("an image finds its boxes through a server that knows tensors only", async () => {
  await using upstream = await startFakeTensorServer();
  await using backend = await startBackend("--upstream", upstream.url);
  expect(await detections(backend.url)).toMatchObject(seen);
  expect(upstream.paths).toContain("POST /v2/models/colours/versions/2/infer");
  const parameters = { execution_provider: "remote", names: '["red","green","blue"]', task: "detect" };
  const described = await read(`${backend.url}/v2/models/colours`);
  expect(described).toMatchObject({ versions: ["2"], platform: "onnxruntime_onnx", parameters });
  expect(await read(`${backend.url}/v2/models`)).toEqual({ models: ["colours", "colours-tensor"] });
  const blue = new Float32Array(2 * 3 * 64 * 64).map((_, at) => (Math.floor(at / 4_096) % 3 === 2 ? 1 : 0));
  const asked = tensorRequest("images", [2, 3, 64, 64], blue);
  const tensors = await post(`${backend.url}/v2/models/colours-tensor/infer`, asked);
  expect(tensors).toMatchObject({ status: 200, json: { outputs: [{ name: "output0", shape: [2, 7, 4] }] } });
  const tooMany = tensorRequest("images", [9, 3, 64, 64], new Float32Array(9 * 3 * 64 * 64));
  expect(await post(`${backend.url}/v2/models/colours-tensor/infer`, tooMany)).toMatchObject({ status: 400 });
  expect(await sumOf(backend.url, "nv_inference_request_success", { model: "colours" })).toBe(1);
  expect(await sumOf(backend.url, "nv_inference_count", { model: "colours-tensor" })).toBe(2);
});

test("another backend in front of ours shows the same models under the same names, and finds the same", async () => {
  await using upstream = await startBackend("--models", join(folder, "models"), "--workers", "1");
  await using backend = await startBackend("--upstream", upstream.url);
  expect(await read(`${backend.url}/v2/models`)).toEqual(await read(`${upstream.url}/v2/models`));
  const answers = [await detections(backend.url), await detections(upstream.url)];
  expect(answers[0]).toEqual(answers[1]);
  expect(answers[0]).toMatchObject(seen);
  // Images become tensors in front, whoever else could have done it.
  expect(await sumOf(upstream.url, "nv_inference_request_success", { model: "colours" })).toBe(1);
  expect(await sumOf(upstream.url, "nv_inference_request_success", { model: "colours-tensor" })).toBe(2);
});

test("a backend is ready when its upstream is, and says of requests meanwhile that they may be tried again", async () => {
  const port = `${await freePort()}`;
  const models = ["--models", join(folder, "models"), "--workers", "1", "--port", port];
  const first = await startBackend(...models);
  await using backend = await startBackend("--upstream", first.url);
  const ready = () => statusOf(`${backend.url}/v2/health/ready`);
  expect(await ready()).toBe(200);
  await first[Symbol.asyncDispose]();
  const refused = await post(`${backend.url}/v2/models/colours/infer`, green);
  expect(refused).toMatchObject({
    status: 502,
    code: expect.stringMatching(/^backend_(unreachable|failed)$/),
  });
  await vi.waitFor(async () => expect(await ready()).toBe(503), patience);
  expect(await statusOf(`${backend.url}/v2/models/colours/ready`)).toBe(503);
  expect(await post(`${backend.url}/v2/models/colours/infer`, green)).toMatchObject({
    status: 502,
    code: "backend_unreachable",
  });
  expect(await statusOf(`${backend.url}/v2/health/live`)).toBe(200);
  await using second = await startBackend(...models);
  await vi.waitFor(async () => expect(await ready()).toBe(200), patience);
  expect(await detections(backend.url)).toMatchObject(seen);
  expect(second.running()).toBe(true);
});

test("whoever leaves a backend takes the upstream's request along", async () => {
  await using upstream = await startFakeTensorServer();
  await using backend = await startBackend("--upstream", upstream.url);
  upstream.fault = "silent";
  const before = upstream.inferred.length;
  const caller = new AbortController();
  const left = post(`${backend.url}/v2/models/colours/infer`, green, { signal: caller.signal }).catch(
    () => "left",
  );
  await vi.waitFor(() => expect(upstream.inferred).toHaveLength(before + 1), often);
  caller.abort();
  expect(await left).toBe("left");
  await vi.waitFor(() => expect(upstream.inferred[before]?.aborted).toBe(true), often);
});

test("a backend that is told to stop waits for what its upstream still computes", async () => {
  await using upstream = await startFakeTensorServer();
  await using backend = await startBackend("--upstream", upstream.url, "--workers", "1");
  upstream.fault = "held";
  const before = upstream.inferred.length;
  const answers = [1, 2].map(() => post(`${backend.url}/v2/models/colours/infer`, green));
  await vi.waitFor(() => expect(upstream.inferred).toHaveLength(before + 1), often);
  await vi.waitFor(
    async () => expect(await sumOf(backend.url, "nv_inference_pending_request_count", {})).toBe(1),
    patience,
  );
  backend.signal("SIGTERM");
  await expect
    .poll(() => statusOf(`${backend.url}/v2/health/live`).catch(() => "closed"), patience)
    .toBe("closed");
  upstream.fault = undefined;
  upstream.letGo();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  expect(await backend.exit).toBe(0);
});

test("a model that comes to the upstream later, and one that goes, are followed", async () => {
  let names = ["colours"];
  const index = () => names.map((name) => ({ name, version: "2", state: "READY" }));
  const instead = (path: string) => (path.endsWith("/index") ? { body: index() } : undefined);
  await using upstream = await startFakeTensorServer({ instead });
  await using backend = await startBackend("--upstream", upstream.url, "--poll-every", "100ms");
  const ready = () => statusOf(`${backend.url}/v2/models/colours/ready`);
  expect(await ready()).toBe(200);
  // Another stays, since a server that lists nothing at all is taken to be starting.
  names = ["elsewhere"];
  await vi.waitFor(async () => expect(await ready()).toBe(404), patience);
  names = ["colours"];
  await vi.waitFor(async () => expect(await ready()).toBe(200), patience);
  expect(await detections(backend.url)).toMatchObject(seen);
});

test("a backend waits for an upstream that still loads its models", async () => {
  await using upstream = await startFakeTensorServer();
  upstream.ready = false;
  const starting = startBackend("--upstream", upstream.url);
  const asked = () => upstream.paths.filter((path) => path.endsWith("/ready")).length;
  await vi.waitFor(() => expect(asked()).toBeGreaterThan(1), patience);
  expect(upstream.inferred).toEqual([]);
  upstream.ready = true;
  await using backend = await starting;
  expect(await detections(backend.url)).toMatchObject(seen);
});

test("an upstream that fails when it is tried leaves the backend unready, with a line that says why, until it works", async () => {
  await using upstream = await startFakeTensorServer();
  upstream.fault = "broken";
  await using backend = await startBackend("--upstream", upstream.url, "--poll-every", "100ms");
  const ready = () => statusOf(`${backend.url}/v2/health/ready`);
  expect(await ready()).toBe(503);
  expect(backend.said()).toContain("the upstream server failed with status 500");
  expect(await post(`${backend.url}/v2/models/colours/infer`, green)).toMatchObject({
    status: 503,
    code: "model_not_ready",
  });
  upstream.fault = undefined;
  await vi.waitFor(async () => expect(await ready()).toBe(200), patience);
  expect(await detections(backend.url)).toMatchObject(seen);
});

test("what the upstream does not say of a model stands in the settings beside it", async () => {
  const settings = join(folder, "settings", "colours");
  await mkdir(settings, { recursive: true });
  const words =
    "names: [rot, gruen, blau]\nmax_batch_size: 64\ndynamic_batching: { max_queue_delay_microseconds: 0 }\n";
  await writeFile(join(settings, "model.yaml"), words);
  await using upstream = await startFakeTensorServer({ metadata: "" });
  const said = ["--model-settings", join(folder, "settings"), "--upstream-model", "colours"];
  await using backend = await startBackend("--upstream", upstream.url, ...said);
  const names = '["rot","gruen","blau"]';
  expect(await read(`${backend.url}/v2/models/colours`)).toMatchObject({ parameters: { names } });
  expect(await read(`${backend.url}/v2/models/colours/config`)).toMatchObject({ max_batch_size: 8 });
  expect(await detections(backend.url)).toMatchObject(seen);
});

test("a backend whose upstream has not the model that was named does not start", async () => {
  await using upstream = await startFakeTensorServer();
  const starting = startBackend("--upstream", upstream.url, "--upstream-model", "colors");
  await expect(starting).rejects.toMatchObject({
    cause: { message: "the upstream server does not have model colors" },
  });
});
