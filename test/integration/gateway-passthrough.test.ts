import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ClientRequest, clientRequests } from "#test/support/client-bytes.ts";
import { models } from "#test/support/identity-models.ts";
import {
  inferResponseSchema,
  modelConfigSchema,
  modelMetadataSchema,
  repositoryIndexSchema,
  serverMetadataSchema,
  statisticsSchema,
} from "#test/support/open-inference-schemas.ts";
import { openPassthrough, type Passthrough, passthroughModel } from "#test/support/passthrough.ts";
import { exchange, openRaw, type RawAnswer, requestBytes } from "#test/support/raw-http.ts";
import { readAsClient, readError } from "#test/support/read-as-client.ts";

const model = passthroughModel;
let gateway: Passthrough;

beforeAll(async () => {
  gateway = await openPassthrough();
});
afterAll(() => gateway[Symbol.asyncDispose]());

function captured(what: string): ClientRequest {
  const tensors = { model, input: "INPUT0", output: "OUTPUT0" };
  const target = {
    host: `127.0.0.1:${gateway.port}`,
    ...tensors,
    imageModel: models.colours,
    image: gateway.image,
  };
  const found = clientRequests(target).find((request) => request.what === what);
  if (!found) throw new Error(`nobody captured '${what}'`);
  return found;
}

function jsonOf({ status, headers, body }: RawAnswer): unknown {
  expect({ status, body: status === 200 ? "" : body.toString() }).toEqual({ status: 200, body: "" });
  expect(headers["content-type"]).toBe("application/json");
  expect(headers["content-encoding"]).toBeUndefined();
  return JSON.parse(body.toString("utf8"));
}

function expectNumbers(answer: RawAnswer, numbers: readonly number[], type: string): void {
  const { json, outputs } = readAsClient(answer);
  expect(answer.headers["content-type"]).toBe(type);
  inferResponseSchema.parse(json);
  expect(outputs.OUTPUT0).toEqual({ datatype: "FP32", shape: [1, 2], data: numbers });
}

function expectForbidden(answer: RawAnswer): void {
  expect(readError(answer)).toEqual({ status: 403, error: expect.stringMatching(/this gateway does not/) });
}

const [octets, json] = ["application/octet-stream", "application/json"];
const sent = [0.25, -1.5];
const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).sort();
const served = [
  "absent",
  "absent-tensor",
  models.colours,
  `${models.colours}-tensor`,
  model,
  `${model}-tensor`,
];

/** By captured request: what its client does with the gateway's answer. */
const readings: Readonly<Record<string, (answer: RawAnswer) => void>> = {
  "tritonclient asks whether the server lives": (answer) => expect(jsonOf(answer)).toEqual({ live: true }),
  "tritonclient asks whether the server is ready": (answer) =>
    expect(jsonOf(answer)).toEqual({ live: true, ready: true }),
  "tritonclient asks whether a model is ready": (answer) =>
    expect(jsonOf(answer)).toEqual({ name: model, ready: true }),
  "tritonclient reads the server's metadata": (answer) => serverMetadataSchema.parse(jsonOf(answer)),
  "tritonclient reads a model's metadata": (answer) =>
    expect(modelMetadataSchema.parse(jsonOf(answer)).name).toBe(model),
  "tritonclient reads a model's configuration": (answer) =>
    expect(modelConfigSchema.parse(jsonOf(answer)).input[0]?.data_type).toBe("TYPE_FP32"),
  "tritonclient reads a model's statistics": (answer) =>
    expect(names(statisticsSchema.parse(jsonOf(answer)).model_stats)).toEqual([model]),
  "tritonclient reads all statistics": (answer) =>
    expect(names(statisticsSchema.parse(jsonOf(answer)).model_stats)).toEqual([
      models.colours,
      `${models.colours}-tensor`,
      model,
    ]),
  "tritonclient lists the repository without a body": (answer) =>
    expect(names(repositoryIndexSchema.parse(jsonOf(answer)))).toEqual(served.toSorted()),
  "tritonclient loads a model": expectForbidden,
  "tritonclient unloads a model": expectForbidden,
  "tritonclient sets the log level": (answer) => expect(readError(answer).status).toBe(403),
  "tritonclient infers in binary both ways": (answer) => expectNumbers(answer, sent, octets),
  "tritonclient infers in JSON with options, a query and its own header": (answer) => {
    expectNumbers(answer, [0, 0], json);
    expect(readAsClient(answer).json.id).toBe("r1");
  },
  "tritonclient sends gzip and takes deflate": (answer) => expectNumbers(answer, sent, octets),
  "tritonclient sends deflate and takes gzip": (answer) => expectNumbers(answer, sent, octets),
  "tritonclient sends a picture as BYTES": (answer) => {
    const { counts, classes, sizes } = readAsClient(answer).outputs;
    expect(counts).toEqual({ datatype: "INT32", shape: [1], data: [1] });
    expect(classes).toEqual({ datatype: "INT32", shape: [1, 1], data: [1] });
    expect(sizes).toEqual({ datatype: "INT32", shape: [1, 2], data: [128, 96] });
  },
  "the asyncio client asks whether the server lives": (answer) =>
    expect(jsonOf(answer)).toEqual({ live: true }),
  "the asyncio client reads a model's metadata": (answer) => modelMetadataSchema.parse(jsonOf(answer)),
  "the asyncio client lists the repository": (answer) => repositoryIndexSchema.parse(jsonOf(answer)),
  "the asyncio client loads a model": expectForbidden,
  "the asyncio client infers in binary both ways": (answer) => expectNumbers(answer, sent, octets),
  "KServe's client infers in JSON": (answer) => {
    expectNumbers(answer, sent, json);
    expect(readAsClient(answer).json.id).toMatch(/^[0-9a-f-]{36}$/);
  },
};

test("every captured request has a reading of the gateway's answer", () => {
  const tensors = { model, input: "INPUT0", output: "OUTPUT0" };
  const all = clientRequests({ host: "h", ...tensors, imageModel: "i", image: Buffer.from("i") });
  expect(Object.keys(readings).toSorted()).toEqual(all.map(({ what }) => what).toSorted());
});

test.each(Object.entries(readings))("through the gateway, %s", async (what, read) => {
  read(await exchange(gateway.port, captured(what).wire));
});

test("all captured requests in turn go through the gateway on one connection", async () => {
  using connection = await openRaw(gateway.port);
  for (const [what, read] of Object.entries(readings)) {
    connection.send(captured(what).wire);
    read(await connection.next());
  }
});

test("the sequence of Ultralytics' client finds the graph's tensors behind the model's own name", async () => {
  using connection = await openRaw(gateway.port);
  connection.send(requestBytes(`GET /v2/models/${models.colours}/config`));
  const config = modelConfigSchema.parse(jsonOf(await connection.next()));
  expect(config.input).toMatchObject([{ name: "images", data_type: "TYPE_FP32" }]);
  const metadata = (config as { parameters?: { metadata?: { string_value: string } } }).parameters?.metadata;
  expect(metadata?.string_value).toContain("'imgsz': [64, 64]");
  const outputs = config.output.map(({ name }) => ({ name, parameters: { binary_data: true } }));
  const tensor = Buffer.from(new Float32Array(3 * 64 * 64).fill(0.5).buffer);
  const head = JSON.stringify({
    inputs: [
      {
        name: "images",
        shape: [1, 3, 64, 64],
        datatype: "FP32",
        parameters: { binary_data_size: tensor.byteLength },
      },
    ],
    outputs,
  });
  connection.send(
    requestBytes(`POST /v2/models/${models.colours}/infer`, {
      headers: { "inference-header-content-length": `${Buffer.byteLength(head)}` },
      body: Buffer.concat([Buffer.from(head), tensor]),
    }),
  );
  const answer = readAsClient(await connection.next());
  expect(Object.keys(answer.outputs)).toEqual(config.output.map(({ name }) => name));
});

test("the gateway names itself by the package's version", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { readonly version: string };
  expect(jsonOf(await ask("GET /v2"))).toMatchObject({ name: "tradewind", version });
});

type Ask = Parameters<typeof requestBytes>;

async function ask(...request: Ask): Promise<RawAnswer> {
  return await exchange(gateway.port, requestBytes(...request));
}

test.each([
  ["a path that is nothing", "GET /v2/nothing", 404],
  ["a model without a route", "GET /v2/models/nobody", 404],
  ["the tensors of a model without a route", "GET /v2/models/nobody-tensor/config", 404],
  ["a version that no backend has", `GET /v2/models/${models.colours}/versions/9`, 404],
  [
    "an inference by a version that no backend has",
    `POST /v2/models/${models.colours}/versions/9/infer`,
    404,
  ],
  ["tensors of a model that has no other name", `GET /v2/models/${model}-tensor`, 404],
  ["a model whose backends are gone", "GET /v2/models/absent", 503],
  ["the readiness of a model whose backends are gone", "GET /v2/models/absent/ready", 503],
  ["an inference without a body", `POST /v2/models/${models.colours}/infer`, 400],
  ["shared memory", "POST /v2/systemsharedmemory/region/x/register", 403],
  ["trace settings of a model", `POST /v2/models/${models.colours}/trace/setting`, 403],
] as const)("%s is refused in the protocol's form", async (_, verb, status) => {
  expect(
    readError(await ask(verb, { body: verb.includes("/infer") && status !== 400 ? "{}" : undefined })).status,
  ).toBe(status);
});

test("what our backend says of a request reaches the client as it was said", async () => {
  const inputs = [{ name: "image", shape: [1], datatype: "BYTES", data: ["no image"] }];
  const path = `POST /v2/models/${models.colours}/infer` as const;
  expect(readError(await ask(path, { body: JSON.stringify({ inputs }) }))).toEqual({
    status: 415,
    error: expect.stringContaining("JPEG"),
  });
  const conf = { inputs, parameters: { conf: 7 } };
  expect(readError(await ask(path, { body: JSON.stringify(conf) })).error).toContain("conf is 7");
});

test("a body beyond the limit is refused before a backend hears of it", async () => {
  const answer = await ask(`POST /v2/models/${models.colours}/infer`, { body: Buffer.alloc(1_048_577, 32) });
  expect(readError(answer).status).toBe(413);
});

test("a binary answer comes again byte for byte under its idempotency key", async () => {
  const request = captured("tritonclient infers in binary both ways").wire.toString("latin1");
  const wire = Buffer.from(request.replace("\r\n", "\r\nIdempotency-Key: order-1\r\n"), "latin1");
  gateway.admitted.length = 0;
  const first = await exchange(gateway.port, wire);
  expectNumbers(first, sent, octets);
  const again = await exchange(gateway.port, wire);
  expectNumbers(again, sent, octets);
  expect([again.headers["idempotent-replayed"], again.body]).toEqual(["true", first.body]);
  expect(gateway.admitted).toHaveLength(1);
});

test("an index of what is ready leaves out what is not", async () => {
  const answer = await ask("POST /v2/repository/index", { body: '{"ready":true}' });
  const index = repositoryIndexSchema.parse(jsonOf(answer));
  expect(names(index)).not.toContain("absent");
  expect(index.every(({ state }) => state === "READY")).toBe(true);
  for (const body of ['{"ready":1}', "[]", "no"]) {
    expect(readError(await ask("POST /v2/repository/index", { body })).status).toBe(400);
  }
});

test("every image of a request counts against its caller's limits", async () => {
  gateway.admitted.length = 0;
  await exchange(gateway.port, captured("tritonclient sends a picture as BYTES").wire);
  await exchange(gateway.port, captured("tritonclient sends gzip and takes deflate").wire);
  const data = [gateway.image.toString("base64"), gateway.image.toString("base64")];
  const parameters = { content_type: "base64" };
  const inputs = [{ name: "image", shape: [2], datatype: "BYTES", parameters, data }];
  const answer = await ask(`POST /v2/models/${models.colours}/infer`, { body: JSON.stringify({ inputs }) });
  expect(readAsClient(answer).outputs.counts?.data).toEqual([1, 1]);
  expect(gateway.admitted).toEqual([
    { model: models.colours, images: 1 },
    { model, images: 1 },
    { model: models.colours, images: 2 },
  ]);
});
