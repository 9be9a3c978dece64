import sharp from "sharp";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { z } from "zod";
import { parsePythonLiteral } from "#inference/models/python-literal.ts";
import { identityName, models } from "#test/support/identity-models.ts";
import { binaryRequest, jsonInput } from "#test/support/infer-bodies.ts";
import { type LiveInference, openLiveInference } from "#test/support/live-inference.ts";
import {
  errorSchema,
  inferResponseSchema,
  modelConfigSchema,
  modelMetadataSchema,
  repositoryIndexSchema,
  serverMetadataSchema,
  statisticsSchema,
} from "#test/support/open-inference-schemas.ts";
import type { RawRequest, Verb } from "#test/support/raw-http.ts";
import { type ReadResult, readAsClient, readError } from "#test/support/read-as-client.ts";

const { simple, batched, twoVersions, colours, oneText } = models;
const counted = identityName("INT16");
let live: LiveInference;

beforeAll(async () => {
  live = await openLiveInference([counted, simple, batched, twoVersions, colours, oneText], {
    control: { mode: "explicit", load: "all" },
  });
});
afterAll(() => live[Symbol.asyncDispose]());

async function read<Schema extends z.ZodType>(verb: Verb, schema: Schema, request?: RawRequest) {
  const { status, headers, body } = await live.ask(verb, request);
  expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/json" });
  return schema.parse(JSON.parse(body.toString("utf8"))) as z.infer<Schema>;
}

async function infer(model: string, message: object, version = ""): Promise<ReadResult> {
  const path = version === "" ? model : `${model}/versions/${version}`;
  const answer = await live.ask(`POST /v2/models/${path}/infer`, { body: JSON.stringify(message) });
  const result = readAsClient(answer);
  inferResponseSchema.parse(result.json);
  return result;
}

test("the server describes itself with a slash at the end and without", async () => {
  const described = await read("GET /v2", serverMetadataSchema);
  expect(described.name).toBe("tradewind");
  expect(described.extensions).toEqual(
    expect.arrayContaining(["binary_tensor_data", "classification", "model_repository", "statistics"]),
  );
  expect(await read("GET /v2/", serverMetadataSchema)).toEqual(described);
});

test.each([
  ["with its version", `${twoVersions}/versions/2`],
  ["without its version", twoVersions],
])("a model %s describes, configures, counts and readies itself", async (_, path) => {
  const described = await read(`GET /v2/models/${path}`, modelMetadataSchema);
  expect(described).toMatchObject({ name: twoVersions, versions: ["1", "2"] });
  expect(described.inputs).toEqual([{ name: "INPUT0", datatype: "FP32", shape: [-1] }]);
  const configured = await read(`GET /v2/models/${path}/config`, modelConfigSchema);
  expect(configured).toMatchObject({ name: twoVersions, max_batch_size: 0, version_policy: { all: {} } });
  expect(configured.output.map(({ name, data_type, dims }) => ({ name, data_type, dims }))).toEqual([
    { name: "OUTPUT0", data_type: "TYPE_FP32", dims: [-1] },
  ]);
  const statistics = await read(`GET /v2/models/${path}/stats`, statisticsSchema);
  const versions = statistics.model_stats.map(({ version }) => version);
  expect(versions).toEqual(path === twoVersions ? ["1", "2"] : ["2"]);
  const { status, body } = await live.ask(`GET /v2/models/${path}/ready`);
  expect([status, JSON.parse(body.toString())]).toEqual([200, { name: twoVersions, ready: true }]);
});

test("a request goes to the version it names, and to the highest otherwise", async () => {
  const inputs = [jsonInput("FP32", [1], [1])];
  const versionOf = async (version?: string) =>
    (await infer(twoVersions, { inputs }, version)).json.model_version;
  expect([await versionOf("1"), await versionOf("2"), await versionOf()]).toEqual(["1", "2", "2"]);
});

const ofModels = ["", "/ready", "/config", "/stats"];
const unknown = [
  `nobody`,
  `${simple}/versions/9`,
  `${simple}/versions/one`,
  `${simple}-tensor`,
  `${simple}%20`,
];

test.each(unknown)("every question about %s is answered with 404 and a sentence", async (model) => {
  for (const verb of [
    ...ofModels.map((end): Verb => `GET /v2/models/${model}${end}`),
    `POST /v2/models/${model}/infer` as Verb,
  ]) {
    const answer = await live.ask(verb, { body: JSON.stringify({ inputs: [] }) });
    expect([verb, readError(answer).status]).toEqual([verb, 404]);
    // NVIDIA's own examples look for these words.
    expect(readError(answer).error).toMatch(/^Request for unknown model: /);
    errorSchema.parse(JSON.parse(answer.body.toString()));
  }
});

test.each<[string, string]>([
  ["/v2", "GET"],
  ["/v2/health/live", "GET"],
  ["/v2/health/ready", "GET"],
  ["/v2/models", "GET"],
  ["/v2/models/stats", "GET"],
  [`/v2/models/${simple}`, "GET"],
  [`/v2/models/${simple}/ready`, "GET"],
  [`/v2/models/${simple}/config`, "GET"],
  [`/v2/models/${simple}/stats`, "GET"],
  [`/v2/models/${simple}/infer`, "POST"],
  [`/v2/models/${simple}/versions/1/infer`, "POST"],
  ["/v2/repository/index", "POST"],
  [`/v2/repository/models/${simple}/load`, "POST"],
  [`/v2/repository/models/${simple}/unload`, "POST"],
  ["/v2/logging", "GET, POST"],
  ["/v2/trace/setting", "GET, POST"],
])("%s answers other verbs than %s with 405 and names those it takes", async (path, verbs) => {
  const wrong = ["GET", "POST", "PUT", "DELETE", "PATCH"].filter((verb) => !verbs.includes(verb));
  for (const verb of wrong) {
    const answer = await live.ask(`${verb} ${path}` as Verb, { body: "{}" });
    expect([verb, readError(answer).status, answer.headers.allow]).toEqual([verb, 405, verbs]);
  }
});

test("the word stats in the place of a model's name means all models", async () => {
  const { model_stats } = await read("GET /v2/models/stats", statisticsSchema);
  const names = model_stats.map(({ name, version }) => `${name}:${version}`);
  expect(names).toEqual(expect.arrayContaining([`${simple}:1`, `${twoVersions}:1`, `${twoVersions}:2`]));
  expect(names).toEqual(expect.arrayContaining([`${colours}:1`, `${colours}-tensor:1`]));
  expect(new Set(names).size).toBe(names.length);
});

test("a name may be written in escapes", async () => {
  const escaped = Buffer.from(`${colours}-tensor`).toString("hex").replace(/../g, "%$&");
  const { name } = await read(`GET /v2/models/${escaped}`, modelMetadataSchema);
  expect(name).toBe(`${colours}-tensor`);
  const verb: Verb = `POST /v2/models/${escaped.toUpperCase()}/versions/%31/infer`;
  const input = { name: "images", datatype: "FP32", shape: [1, 3, 64, 64] };
  const answer = await live.ask(verb, binaryRequest(input, Buffer.alloc(3 * 64 * 64 * 4)));
  expect(readAsClient(answer).json.model_name).toBe(`${colours}-tensor`);
});

test("a query behind the path changes nothing", async () => {
  const plain = await read(`GET /v2/models/${simple}`, modelMetadataSchema);
  expect(await read(`GET /v2/models/${simple}?a=1&a=2&b=x+y`, modelMetadataSchema)).toEqual(plain);
});

test("statistics count items and runs of what succeeded, and what failed", async () => {
  const statistics = async () => {
    const { model_stats } = await read(`GET /v2/models/${batched}/stats`, statisticsSchema);
    const [one] = model_stats;
    if (!one) throw new Error("the model is not counted");
    return one;
  };
  const before = await statistics();
  const rows = (count: number) => [
    jsonInput(
      "FP32",
      Array.from({ length: count * 2 }, () => 1),
      [count, 2],
    ),
  ];
  await infer(batched, { inputs: rows(1) });
  await infer(batched, { inputs: rows(3) });
  const refused = await live.ask(`POST /v2/models/${batched}/infer`, {
    body: JSON.stringify({ inputs: rows(9) }),
  });
  expect(readError(refused).status).toBe(400);
  const after = await statistics();
  expect(after.inference_count - before.inference_count).toBe(4);
  expect(after.execution_count - before.execution_count).toBe(2);
  expect(after.inference_stats.success.count - before.inference_stats.success.count).toBe(2);
  expect(after.inference_stats.fail.count - before.inference_stats.fail.count).toBe(1);
  expect(after.inference_stats.success.ns).toBeGreaterThan(before.inference_stats.success.ns);
  expect(after.inference_stats.compute_infer.count).toBe(after.inference_stats.success.count);
  expect(after.last_inference).toBeGreaterThan(Date.now() - 60_000);
  const sizes = after.batch_stats.map(({ batch_size }) => batch_size);
  expect(sizes).toEqual(expect.arrayContaining([1, 3]));
});

test("what is counted stands in the metrics under Triton's names too", async () => {
  await infer(counted, { inputs: [jsonInput("INT16", [1])] });
  const text = (await live.ask("GET /metrics")).body.toString();
  for (const name of ["nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count"]) {
    expect(text).toMatch(new RegExp(`^${name}\\{[^}]*model="${counted}"[^}]*\\} [1-9]`, "m"));
  }
});

test("a client that decodes for itself finds all it needs in the configuration", async () => {
  const config = await read(`GET /v2/models/${colours}/config`, modelConfigSchema);
  const { string_value: text = "" } = config.parameters.metadata ?? {};
  expect(parsePythonLiteral(text)).toEqual(
    new Map<string, unknown>([
      ["stride", 32],
      ["batch", 1],
      ["task", "detect"],
      ["imgsz", [64, 64]],
      ["names", new Map(["red", "green", "blue"].map((name, index) => [index, name]))],
    ]),
  );
  expect(config.input.map(({ name, data_type }) => [name, data_type])).toEqual([["images", "TYPE_FP32"]]);
  const blue = new Float32Array(3 * 64 * 64).fill(1, 2 * 64 * 64);
  const input = { name: config.input[0]?.name, datatype: "FP32", shape: [1, 3, 64, 64] };
  const outputs = config.output.map(({ name }) => ({ name, parameters: { binary_data: true } }));
  const answer = await live.ask(
    `POST /v2/models/${colours}/infer`,
    binaryRequest(input, Buffer.from(blue.buffer), { outputs }),
  );
  const { outputs: found, json } = readAsClient(answer);
  expect(Object.keys(found)).toEqual(["output0"]);
  expect(found.output0).toMatchObject({ datatype: "FP32", shape: [1, 7, 4] });
  expect(found.output0?.data.slice(-4)).toEqual([0, 0, 1, 0]);
  expect(json.model_name).toBe(colours);
});

test("a model that reads images has two names, each with its own tensors", async () => {
  const image = await read(`GET /v2/models/${colours}`, modelMetadataSchema);
  expect(image.inputs).toEqual([{ name: "image", datatype: "BYTES", shape: [-1] }]);
  expect(image.outputs.map(({ name }) => name)).toEqual(["boxes", "scores", "classes", "counts", "sizes"]);
  const graph = await read(`GET /v2/models/${colours}-tensor`, modelMetadataSchema);
  expect(graph.inputs).toEqual([{ name: "images", datatype: "FP32", shape: [1, 3, 64, 64] }]);
  expect(graph.outputs).toEqual([{ name: "output0", datatype: "FP32", shape: [1, 7, 4] }]);
  const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#f00" } })
    .jpeg()
    .toBuffer();
  const length = Buffer.alloc(4);
  length.writeUInt32LE(jpeg.byteLength);
  const request = binaryRequest(
    { name: "image", datatype: "BYTES", shape: [1] },
    Buffer.concat([length, jpeg]),
  );
  const { outputs } = readAsClient(await live.ask(`POST /v2/models/${colours}/infer`, request));
  expect([outputs.counts?.data, outputs.classes?.data]).toEqual([[1], [0]]);
  const misled = await live.ask(`POST /v2/models/${colours}-tensor/infer`, request);
  expect(readError(misled)).toMatchObject({ status: 400, error: expect.stringContaining("'image'") });
});

test("the repository's index lists all, and with ready only what serves", async () => {
  const list = (body?: string) =>
    read("POST /v2/repository/index", repositoryIndexSchema, body === undefined ? {} : { body });
  const stateOf = async (body?: string) =>
    (await list(body)).find(({ name }) => name === oneText)?.state ?? "not listed";
  expect(await stateOf()).toBe("READY");
  expect((await live.ask(`POST /v2/repository/models/${oneText}/unload`)).status).toBe(200);
  await vi.waitFor(async () => expect(await stateOf("")).toBe("UNAVAILABLE"));
  expect([await stateOf("{}"), await stateOf('{"ready":true}')]).toEqual(["UNAVAILABLE", "not listed"]);
  const ready = await live.ask(`GET /v2/models/${oneText}/ready`);
  expect(readError(ready).status).not.toBe(200);
  const refused = await live.ask(`POST /v2/models/${oneText}/infer`, { body: '{"inputs":[]}' });
  expect([404, 503]).toContain(readError(refused).status);
  expect((await live.ask(`POST /v2/repository/models/${oneText}/load`, { body: "{}" })).status).toBe(200);
  expect(await stateOf('{"ready":true}')).toBe("READY");
  const { body } = await live.ask("GET /v2/models");
  const { models: names } = JSON.parse(body.toString());
  expect(names).toEqual(expect.arrayContaining([colours, `${colours}-tensor`, oneText, simple]));
});

test("either name of a model that reads images unloads and loads it", async () => {
  for (const name of [colours, `${colours}-tensor`]) {
    expect((await live.ask(`POST /v2/repository/models/${name}/unload`)).status).toBe(200);
    for (const gone of [colours, `${colours}-tensor`]) {
      expect(readError(await live.ask(`GET /v2/models/${gone}/ready`)).status).not.toBe(200);
    }
    expect((await live.ask(`POST /v2/repository/models/${name}/load`)).status).toBe(200);
    for (const back of [colours, `${colours}-tensor`]) {
      expect((await live.ask(`GET /v2/models/${back}/ready`)).status).toBe(200);
    }
  }
});

test.each<[string, string, number]>([
  ["load of an unknown model", "/v2/repository/models/nobody/load", 404],
  ["unload of an unknown model", "/v2/repository/models/nobody/unload", 404],
  ["load with a broken body", `/v2/repository/models/${simple}/load`, 400],
  ["unload with a broken body", `/v2/repository/models/${simple}/unload`, 400],
  ["index with a broken body", "/v2/repository/index", 400],
])("%s is refused at %s with %i", async (what, path, status) => {
  const answer = await live.ask(`POST ${path}` as Verb, { body: what.includes("broken") ? "{" : "{}" });
  const refusal = readError(answer);
  expect(refusal.status).toBe(status);
  if (what.startsWith("load of")) expect(refusal.error).toMatch(/^failed to load: .*nobody/);
});
