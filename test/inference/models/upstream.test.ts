import { expect, test, vi } from "vitest";
import { openRemoteEngine } from "#inference/engine/remote.ts";
import { planModel } from "#inference/models/metadata.ts";
import { describeUpstream, type UpstreamOptions } from "#inference/models/upstream.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { startFakeTensorServer, type TensorServerOptions } from "#test/support/fake-tensor-server.ts";
import { freePort } from "#test/support/free-port.ts";

const { signal } = new AbortController();
const often = { interval: 2 };
const named = { models: ["colours"] };

async function describe(server: TensorServerOptions, options: Partial<UpstreamOptions> = {}) {
  await using upstream = await startFakeTensorServer(server);
  return await describeUpstream(upstream.url, { clock: systemClock, signal, patienceMs: 0, ...options });
}

async function only(server: TensorServerOptions, options: Partial<UpstreamOptions> = named) {
  const { models } = await describe(server, options);
  const [model, ...more] = models;
  if (!model || more.length > 0) throw new Error(`expected one model, there are ${models.length}`);
  return model;
}

async function failure(task: Promise<unknown>): Promise<TradewindError> {
  const error: unknown = await task.catch((thrown: unknown) => thrown);
  if (error instanceof TradewindError) return error;
  throw new Error("expected a failure from the catalogue", { cause: error });
}

/** Answers one path differently. */
function at(end: string, body: unknown, status = 200): Pick<TensorServerOptions, "instead"> {
  return { instead: (path) => (path.endsWith(end) ? { status, body } : undefined) };
}

const tensors = {
  inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, 64, 64] }],
  outputs: [{ name: "output0", datatype: "FP32", shape: [-1, 7, 4] }],
};

test("a model of Triton's is described as its file would, at its newest version", async () => {
  const model = await only({ versions: ["9", "10"] });
  expect(model).toMatchObject({
    ...{ name: "colours", version: "10", pathVersion: "10", platform: "onnxruntime_onnx", maxBatchSize: 8 },
    ...tensors,
  });
  expect(planModel(model.file)).toMatchObject({
    task: "detect",
    input: { width: 64, height: 64 },
    precision: "fp32",
    inputName: "images",
    outputNames: ["output0"],
    names: ["red", "green", "blue"],
    batch: "free",
  });
});

test("a server without versions and configuration leaves both open, and the owner's words name the classes", async () => {
  const model = await only({ habit: "kserve" });
  expect(model).toMatchObject({
    version: "1",
    pathVersion: undefined,
    platform: "unknown",
    maxBatchSize: undefined,
  });
  const names = ["r", "g", "b"];
  expect(planModel(model.file, { names })).toMatchObject({ names, head: { kind: "detect" } });
});

test("a version that is no number is asked for by its name and shown as 1", async () => {
  const model = await only({ habit: "mlserver", versions: ["v0.1.0"] });
  expect(model).toMatchObject({ version: "1", pathVersion: "v0.1.0" });
  expect(await only({ habit: "mlserver", versions: [] })).toMatchObject({
    version: "1",
    pathVersion: undefined,
  });
});

test("all models that are ready are found, whichever way a server lists them", async () => {
  for (const habit of ["triton", "kserve", "mlserver"] as const) {
    const { models, passedOver } = await describe({ habit });
    expect(models.map(({ name }) => name)).toEqual(["colours"]);
    expect(passedOver).toEqual([]);
  }
});

test("of all models those that cannot be served are passed over, each with its reason", async () => {
  const entries = ["colours", "a/b", "gone", "odd"].map((name) => ({ name, state: "READY" }));
  const instead = (path: string) => {
    if (path.endsWith("/index")) return { body: entries };
    return path.endsWith("/odd") ? { body: { inputs: 7 } } : undefined;
  };
  const { models, passedOver } = await describe({ instead });
  expect(models.map(({ name }) => name)).toEqual(["colours"]);
  expect(passedOver).toEqual([
    { name: "a/b", reason: expect.stringContaining("cannot be a model's name") },
    { name: "gone", reason: "the upstream server does not have model gone" },
    { name: "odd", reason: expect.stringContaining("no description of model odd that we understand") },
  ]);
});

/** Two models of another Tradewind: one that reads images, under both of its names, and one of somebody else's texts. */
function tradewind(tensorNames = ["shop-tensor"]): Pick<TensorServerOptions, "instead"> {
  const image = { inputs: [{ name: "image", datatype: "BYTES", shape: [-1] }], outputs: [] };
  const texts = { inputs: [{ name: "text", datatype: "BYTES", shape: [-1] }], outputs: [] };
  const known: Record<string, object> = { shop: image, texts };
  for (const name of tensorNames) known[name] = tensors;
  const names = Object.keys(known).toReversed();
  return {
    instead: (path) => {
      if (path.endsWith("/index")) return { body: names.map((name) => ({ name, state: "READY" })) };
      const [, name = "", rest = ""] =
        /^\/v2\/models\/([^/]+)(?:\/versions\/1)?(?:\/(\w+))?$/.exec(path) ?? [];
      if (rest === "ready") return { body: {} };
      return rest === "" && known[name] ? { body: { versions: ["1"], ...known[name] } } : undefined;
    },
  };
}

test("of another Tradewind's model the tensors are asked for, and the name of the model is shown", async () => {
  const { models, passedOver } = await describe(tradewind());
  expect(models).toMatchObject([
    { name: "shop", pathName: "shop-tensor", version: "1", pathVersion: "1", ...tensors },
    { name: "texts", pathName: "texts", inputs: [{ name: "text", datatype: "BYTES" }] },
  ]);
  expect(models).toHaveLength(2);
  expect(passedOver).toEqual([]);
  expect(await only(tradewind(), { models: ["shop"] })).toMatchObject({ pathName: "shop-tensor" });
  const itself = { name: "shop-tensor", pathName: "shop-tensor" };
  expect(await only(tradewind(), { models: ["shop-tensor"] })).toMatchObject(itself);
});

test("a model of images whose tensors nobody offers is described as it is", async () => {
  const model = await only(tradewind([]), { models: ["shop"] });
  expect(model).toMatchObject({ name: "shop", pathName: "shop", inputs: [{ name: "image" }] });
  expect(() => planModel(model.file)).toThrow("the input is string");
});

test("half-precision inputs make a half-precision model", async () => {
  const { file } = await only({ datatype: "FP16" });
  expect(planModel(file)).toMatchObject({ precision: "fp16", inputDatatype: "FP16" });
});

test("a configuration without batches has all dimensions itself", async () => {
  const model = await only({ maxBatchSize: 0, ...at("/colours/versions/2", { versions: ["1", "2"] }) });
  expect(model).toMatchObject({ maxBatchSize: 0, ...tensors });
});

test("the batch's dimension is put back where a server leaves it out", async () => {
  const configured = await only(
    at("/colours/versions/2", { versions: ["1", "2"], inputs: [], outputs: null }),
  );
  expect(configured).toMatchObject(tensors);
  const inputs = [{ name: "images", datatype: "FP32", shape: [3, 64, 64] }];
  const outputs = [{ name: "output0", datatype: "FP32", shape: [7, 4] }];
  expect(await only(at("/colours/versions/2", { inputs, outputs }))).toMatchObject(tensors);
});

test("numbers that a printer wrote as text are read as numbers", async () => {
  const config = {
    max_batch_size: "4",
    input: [{ name: "images", data_type: "TYPE_FP32", dims: ["3", "64", "64"] }],
    output: [{ name: "output0", data_type: "TYPE_FP32", dims: ["7", "4"] }],
  };
  const instead = (path: string) => {
    if (path.endsWith("/config")) return { body: config };
    return path.endsWith("/versions/2") ? { body: {} } : undefined;
  };
  expect(await only({ instead })).toMatchObject({ maxBatchSize: 4, ...tensors });
});

test("names with quotes and signs survive the way from the configuration to the plan", async () => {
  const metadata = `{'task': 'detect', 'imgsz': (64, 64), 'names': {0: "it's", 1: 'a\\\\b\\n', 2: '\u00e9\u{1f6a2}'}, 'x': None}`;
  const { file } = await only({ metadata });
  expect(planModel(file).names).toEqual(["it's", "a\\b\n", "\u00e9\u{1f6a2}"]);
});

test("a configuration's metadata that are cut short are refused, and any other text is none", async () => {
  const cut = await failure(only({ metadata: "{'names': {0: 'red'" }));
  expect(cut).toMatchObject({ code: "model_unusable", message: expect.stringContaining("cannot be read") });
  const { file } = await only({ metadata: "made on a Monday" });
  expect(file.metadata.size).toBe(0);
});

test.each([
  ["a model that is not there", { models: ["other"] }, {}, "model_unknown"],
  ["a name that fits into no path", { models: ["a/b"] }, {}, "model_unusable"],
  ["a server that lists nothing", {}, { instead: () => ({ status: 404, body: "no" }) }, "config_invalid"],
  ["a list that is none", {}, at("/index", { models: [] }), "backend_answer_invalid"],
  ["a list without end", {}, at("/index", new Array(1_001).fill({ name: "a" })), "backend_answer_invalid"],
  ["a list of nothing", {}, at("/index", []), "model_not_ready"],
  ["nothing but models that still load", {}, at("/ready", { error: "secret words" }, 400), "model_not_ready"],
  ["a description that is none", named, at("/colours", "page"), "backend_answer_invalid"],
  [
    "a type nobody knows",
    named,
    at("/colours", { inputs: [{ name: "a", datatype: "FP7", shape: [1] }] }),
    "backend_answer_invalid",
  ],
  [
    "a shape that is none",
    named,
    at("/colours", { inputs: [{ name: "a", datatype: "FP32", shape: [-2] }] }),
    "backend_answer_invalid",
  ],
  ["a configuration that is none", named, at("/config", { input: 3 }), "backend_answer_invalid"],
  ["an answer without end", named, at("/colours", "x".repeat(5_000_000)), "backend_answer_invalid"],
  ["a server that fails", named, at("/colours", { error: "secret words" }, 500), "backend_failed"],
  ["a server that is full", named, at("/colours", { error: "secret words" }, 503), "backend_full"],
  ["a model that is not ready", named, at("/ready", { error: "secret words" }, 400), "model_not_ready"],
] as const)("an upstream with %s is refused", async (_, options, server, code) => {
  const error = await failure(describe(server, options));
  expect(error.code).toBe(code);
  expect(error.message).not.toMatch(/secret|page|xx/);
});

test("a server that is not there yet is waited for, until patience ends", async () => {
  const port = await freePort();
  const clock = createFakeClock();
  const url = `http://127.0.0.1:${port}`;
  const options = { ...named, clock, signal, patienceMs: 1_000 };
  let settled = false;
  const impatient = failure(describeUpstream(url, options)).finally(() => {
    settled = true;
  });
  await vi.waitFor(() => {
    clock.advance(500);
    expect(settled).toBe(true);
  }, often);
  expect(await impatient).toMatchObject({ code: "backend_unreachable" });

  let described = false;
  const waiting = describeUpstream(url, { ...options, patienceMs: 3_600_000 }).finally(() => {
    described = true;
  });
  await using upstream = await startFakeTensorServer({ port });
  upstream.ready = false;
  await vi.waitFor(() => {
    clock.advance(500);
    expect(upstream.paths.filter((path) => path.endsWith("/ready")).length).toBeGreaterThan(1);
  }, often);
  upstream.ready = true;
  await vi.waitFor(() => {
    clock.advance(500);
    expect(described).toBe(true);
  }, often);
  expect((await waiting).models).toHaveLength(1);
});

test("waiting for a server ends with the process", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const ending = new AbortController();
  const waiting = failure(describeUpstream(url, { clock: systemClock, signal: ending.signal }));
  ending.abort(new TradewindError("draining", "the process ends"));
  expect(await waiting).toMatchObject({ code: "draining" });
});

test("what is described can be opened and run", async () => {
  for (const habit of ["triton", "kserve", "mlserver"] as const) {
    await using upstream = await startFakeTensorServer({ habit });
    const { models } = await describeUpstream(upstream.url, { ...named, clock: systemClock, signal });
    const [model] = models;
    const { inputName = "" } = model ? planModel(model.file, { names: ["r", "g", "b"] }) : {};
    const wanted = {
      url: upstream.url,
      model: "colours",
      version: model?.pathVersion,
      outputs: model?.outputs ?? [],
    };
    await using engine = await openRemoteEngine({ ...wanted, workers: 2, clock: systemClock });
    const data = new Float32Array(3 * 64 * 64).fill(0.5);
    const { outputs } = await engine.run(
      { [inputName]: { datatype: "FP32", shape: [1, 3, 64, 64], data } },
      { signal },
    );
    expect([16, 21, 26].map((place) => outputs.output0?.data[place])).toEqual([0.5, 0.5, 0.5]);
  }
});
