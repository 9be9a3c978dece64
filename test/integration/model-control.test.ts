import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type BackendProcess, startBackend } from "#test/support/backend-process.ts";
import { colourModel, writeColourModel } from "#test/support/colour-model.ts";
import { type Answered, type Posted, post, tensorRequest } from "#test/support/post.ts";
import { openTraffic, type Traffic } from "#test/support/traffic.ts";

const green = new Float32Array(3 * 64 * 64).fill(1, 64 * 64, 2 * 64 * 64);
const tensor = tensorRequest("images", [1, 3, 64, 64], green);
let image: Posted;
beforeAll(async () => {
  const pixels = sharp({ create: { width: 64, height: 64, channels: 3, background: "#00ff00" } });
  const data = [(await pixels.jpeg().toBuffer()).toString("base64")];
  const parameters = { content_type: "base64" };
  const inputs = [{ name: "image", datatype: "BYTES", shape: [1], parameters, data }];
  image = { headers: {}, body: Buffer.from(JSON.stringify({ inputs })) };
});

let folder = "";
let stack: AsyncDisposableStack;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), "model-control-"));
  stack.defer(() => rm(folder, { recursive: true }));
  for (const name of ["colours", "other"]) await writeColourModel(join(folder, name, "1", "model.onnx"));
});
afterEach(() => stack.disposeAsync());

async function start(...control: readonly string[]): Promise<BackendProcess> {
  return stack.use(await startBackend("--models", folder, "--workers", "1", ...control));
}

const explicit = ["--model-control", "explicit", "--load-model", "*"];

/** Images and tensors on two connections each. */
function trafficOn(
  { url }: BackendProcess,
  model: string,
  expects?: (answer: Answered) => boolean,
): Traffic[] {
  const flow = (name: string, request: Posted, judge?: (json: unknown) => string | undefined) =>
    stack.use(
      openTraffic({
        url: `${url}/v2/models/${name}/infer`,
        ...{ request, connections: 2 },
        ...(judge ? { judge } : {}),
        ...(expects ? { expects } : {}),
      }),
    );
  return [flow(model, image, notGreen), flow(`${model}-tensor`, tensor)];
}

type Output = { readonly name: string; readonly data: readonly number[] };

function notGreen(json: unknown): string | undefined {
  const { outputs } = json as { readonly outputs: readonly Output[] };
  const classes = outputs.find(({ name }) => name === "classes")?.data;
  return classes?.[0] === 1 ? undefined : `green is seen as ${classes}`;
}

/** Every flow has had so many more answers: what was done before them is behind them. */
async function flowOn(traffic: readonly Traffic[], more = 4): Promise<void> {
  const goals = traffic.map((flow) => flow.answered() + more);
  await vi.waitFor(
    () =>
      traffic.forEach(
        (flow, index) => void expect(flow.answered()).toBeGreaterThanOrEqual(goals[index] ?? 0),
      ),
    patience,
  );
}

const patience = { timeout: 15_000, interval: 20 };

const failuresOf = (traffic: readonly Traffic[]) => traffic.flatMap(({ failures }) => failures);

function control({ url }: BackendProcess, model: string, deed: "load" | "unload"): Promise<Answered> {
  return post(`${url}/v2/repository/models/${model}/${deed}`, { headers: {}, body: Buffer.from("{}") });
}

type IndexEntry = {
  readonly name: string;
  readonly version?: string;
  readonly state: string;
  readonly reason?: string;
};

async function indexOf({ url }: BackendProcess, model: string): Promise<readonly IndexEntry[]> {
  const { json } = await post(`${url}/v2/repository/index`, { headers: {}, body: Buffer.alloc(0) });
  return (json as readonly IndexEntry[]).filter(({ name }) => name === model);
}

/** A version as whoever copies one with care puts it there: all of it at once. */
async function dropVersion(model: string, version: string, files: Readonly<Record<string, Buffer | string>>) {
  const staging = join(folder, model, `.${version}.part`);
  await mkdir(staging, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(staging, name), content);
  await rename(staging, join(folder, model, version));
}

const sameModel = colourModel();
const brokenModel = sameModel.subarray(0, 300);

test("reloads under traffic fail no request", async () => {
  const backend = await start(...explicit);
  const traffic = trafficOn(backend, "colours");
  await flowOn(traffic);
  for (let round = 1; round <= 4; round += 1) {
    // Another time of change is another revision, so that everything is opened anew.
    const at = new Date(1_700_000_000_000 + round * 1_000);
    await utimes(join(folder, "colours", "1", "model.onnx"), at, at);
    expect((await control(backend, "colours", "load")).status).toBe(200);
    await flowOn(traffic);
  }
  expect(backend.said().match(/"msg":"model open"/g)?.length).toBe(2 + 4);
  expect(failuresOf(traffic)).toEqual([]);
});

test("a new version takes over under traffic, and one that cannot be served leaves it in place", async () => {
  const backend = await start(...explicit);
  const traffic = trafficOn(backend, "colours");
  await flowOn(traffic);
  await dropVersion("colours", "2", { "model.onnx": sameModel });
  expect((await control(backend, "colours", "load")).status).toBe(200);
  await flowOn(traffic);
  await dropVersion("colours", "3", { "model.onnx": brokenModel });
  expect(await control(backend, "colours", "load")).toMatchObject({ status: 500, code: "model_unusable" });
  await flowOn(traffic);
  await rm(join(folder, "colours", "3"), { recursive: true });
  await dropVersion("colours", "4", {
    "model.onnx": sameModel,
    "model.onnx.sha256": `${"0".repeat(64)}  model.onnx\n`,
  });
  expect(await control(backend, "colours", "load")).toMatchObject({
    status: 500,
    code: "model_unusable",
    json: { error: expect.stringMatching(/SHA-256.*version 2 is served as before/) },
  });
  await flowOn(traffic);
  expect(await indexOf(backend, "colours")).toMatchObject([
    { version: "1", state: "UNAVAILABLE" },
    { version: "2", state: "READY" },
    { version: "4", state: "UNAVAILABLE", reason: expect.stringContaining("SHA-256") },
  ]);
  expect(failuresOf(traffic)).toEqual([]);
  for (const flow of traffic) expect(Object.keys(flow.versions())).toEqual(["1", "2"]);
  expect((await fetch(`${backend.url}/v2/health/ready`)).status).toBe(200);
});

test("unloading under traffic refuses that model alone, as not ready, until it is loaded again", async () => {
  const backend = await start(...explicit);
  const notReady = ({ status, code, retryAfter }: Answered): boolean =>
    status === 503 && code === "model_not_ready" && retryAfter !== undefined;
  const traffic = trafficOn(backend, "colours");
  const others = trafficOn(backend, "other", notReady);
  for (let round = 0; round < 3; round += 1) {
    await flowOn([...traffic, ...others]);
    expect((await control(backend, "other", "unload")).status).toBe(200);
    const before = others.map((flow) => flow.refused());
    await vi.waitFor(
      () => others.forEach((flow, index) => void expect(flow.refused()).toBeGreaterThan(before[index] ?? 0)),
      patience,
    );
    expect((await control(backend, "other", "load")).status).toBe(200);
  }
  await flowOn([...traffic, ...others]);
  expect(failuresOf([...traffic, ...others])).toEqual([]);
  expect(traffic.map((flow) => flow.refused())).toEqual([0, 0]);
});

test("a polled folder brings a new version into service under traffic, and never a broken one", async () => {
  const backend = await start("--model-control", "poll", "--poll-every", "100ms");
  const traffic = trafficOn(backend, "colours");
  await flowOn(traffic);
  await dropVersion("colours", "2", { "model.onnx": sameModel });
  await vi.waitFor(() => expect(traffic.map((flow) => flow.versions()["2"] ?? 0)).not.toContain(0), patience);
  await dropVersion("colours", "3", { "model.onnx": brokenModel });
  await vi.waitFor(
    async () =>
      expect(await indexOf(backend, "colours")).toMatchObject([
        { version: "1", state: "UNAVAILABLE" },
        { version: "2", state: "READY" },
        { version: "3", state: "UNAVAILABLE", reason: expect.stringMatching(/./) },
      ]),
    patience,
  );
  await flowOn(traffic);
  // The newest are taken away: the oldest comes back without a gap.
  for (const version of ["3", "2"]) await rm(join(folder, "colours", version), { recursive: true });
  const firsts = traffic.map((flow) => flow.versions()["1"] ?? 0);
  await vi.waitFor(
    () =>
      traffic.forEach((flow, index) => void expect(flow.versions()["1"]).toBeGreaterThan(firsts[index] ?? 0)),
    patience,
  );
  expect(failuresOf(traffic)).toEqual([]);
  expect((await fetch(`${backend.url}/v2/health/ready`)).status).toBe(200);
});

test("a model that is dropped into a polled folder serves, and one that is taken away is gone", async () => {
  const backend = await start("--model-control", "poll", "--poll-every", "100ms");
  const traffic = trafficOn(backend, "colours");
  await mkdir(join(folder, ".new"));
  await writeColourModel(join(folder, ".new", "1", "model.onnx"));
  await rename(join(folder, ".new"), join(folder, "new"));
  const ask = (model: string) => post(`${backend.url}/v2/models/${model}/infer`, image);
  await vi.waitFor(async () => expect((await ask("new")).status).toBe(200), patience);
  await rm(join(folder, "other"), { recursive: true });
  await vi.waitFor(async () => expect((await ask("other")).code).toBe("model_unknown"), patience);
  await flowOn(traffic);
  expect(failuresOf(traffic)).toEqual([]);
});
