import sharp from "sharp";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ClientRequest, type ClientTarget, clientRequests } from "#test/support/client-bytes.ts";
import { identityName, models } from "#test/support/identity-models.ts";
import { type LiveInference, openLiveInference } from "#test/support/live-inference.ts";
import {
  inferResponseSchema,
  modelConfigSchema,
  modelMetadataSchema,
  repositoryIndexSchema,
  serverMetadataSchema,
  statisticsSchema,
} from "#test/support/open-inference-schemas.ts";
import { exchange, openRaw, type RawAnswer } from "#test/support/raw-http.ts";
import { readAsClient, readError } from "#test/support/read-as-client.ts";

const model = identityName("FP32");
let live: LiveInference;
let image: Buffer;

beforeAll(async () => {
  live = await openLiveInference([model, models.colours, models.simple], {
    control: { mode: "explicit", load: "all" },
  });
  image = await sharp({ create: { width: 128, height: 96, channels: 3, background: "#00ff00" } })
    .jpeg()
    .toBuffer();
});
afterAll(() => live[Symbol.asyncDispose]());

function target(changes: Partial<ClientTarget> = {}): ClientTarget {
  const tensors = { model, input: "INPUT0", output: "OUTPUT0" };
  return { host: live.host, ...tensors, imageModel: models.colours, image, ...changes };
}

function captured(what: string, changes: Partial<ClientTarget> = {}): ClientRequest {
  const found = clientRequests(target(changes)).find((request) => request.what === what);
  if (!found) throw new Error(`nobody captured '${what}'`);
  return found;
}

/** What every client takes for granted of an answer in JSON. */
function jsonOf({ status, headers, body }: RawAnswer): unknown {
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("application/json");
  expect(headers["content-encoding"]).toBeUndefined();
  expect(headers["inference-header-content-length"]).toBeUndefined();
  expect(headers["content-length"]).toBe(`${body.byteLength}`);
  return JSON.parse(body.toString("utf8"));
}

/** What the two numbers of the captured requests come back as, and how. */
function expectNumbers(answer: RawAnswer, numbers: readonly number[], type: string): void {
  expect(answer.headers["content-type"]).toBe(type);
  const { json, outputs } = readAsClient(answer);
  inferResponseSchema.parse(json);
  expect(json.model_name).toBe(model);
  expect(json.model_version).toBe("1");
  expect(outputs.OUTPUT0).toEqual({ datatype: "FP32", shape: [1, 2], data: numbers });
}

const [octets, json] = ["application/octet-stream", "application/json"];
const sent = [0.25, -1.5];

/** By captured request: what its client does with the answer. */
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
    expect(statisticsSchema.parse(jsonOf(answer)).model_stats.map(({ name }) => name)).toEqual([model]),
  "tritonclient reads all statistics": (answer) =>
    expect(statisticsSchema.parse(jsonOf(answer)).model_stats.map(({ name }) => name)).toEqual([
      models.colours,
      `${models.colours}-tensor`,
      model,
      models.simple,
    ]),
  "tritonclient lists the repository without a body": (answer) =>
    expect(repositoryIndexSchema.parse(jsonOf(answer)).map(({ name }) => name)).toContain(model),
  "tritonclient sets the log level": (answer) =>
    expect(jsonOf(answer)).toMatchObject({ log_verbose_level: 1 }),
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
  "the asyncio client infers in binary both ways": (answer) => expectNumbers(answer, sent, octets),
  "KServe's client infers in JSON": (answer) => {
    expectNumbers(answer, sent, json);
    expect(readAsClient(answer).json.id).toMatch(/^[0-9a-f-]{36}$/);
  },
};

/** These change what is served, and so have their tests to themselves. */
const steering = [
  "tritonclient loads a model",
  "tritonclient unloads a model",
  "the asyncio client loads a model",
];

test("every captured request has a reading here", () => {
  const all = clientRequests(target()).map(({ what }) => what);
  expect(all.toSorted()).toEqual([...Object.keys(readings), ...steering].toSorted());
});

test.each(Object.entries(readings))("byte for byte, %s", async (what, read) => {
  read(await exchange(live.port, captured(what).wire));
});

test("tritonclient unloads and loads a model, and both answers are an empty 200", async () => {
  const other = { model: models.simple };
  const stateOf = async (): Promise<string | undefined> => {
    const answer = await exchange(
      live.port,
      captured("tritonclient lists the repository without a body").wire,
    );
    const index = repositoryIndexSchema.parse(jsonOf(answer));
    return index.find(({ name }) => name === models.simple)?.state;
  };
  for (const load of ["tritonclient loads a model", "the asyncio client loads a model"]) {
    const gone = await exchange(live.port, captured("tritonclient unloads a model", other).wire);
    expect({ status: gone.status, body: gone.body.toString() }).toEqual({ status: 200, body: "" });
    // The last sessions may still be closing when the answer comes.
    await vi.waitFor(async () => expect(await stateOf()).toBe("UNAVAILABLE"));
    const ready = await exchange(
      live.port,
      captured("tritonclient asks whether a model is ready", other).wire,
    );
    expect(readError(ready).status).not.toBe(200);
    const back = await exchange(live.port, captured(load, other).wire);
    expect({ status: back.status, body: back.body.toString() }).toEqual({ status: 200, body: "" });
    expect(await stateOf()).toBe("READY");
  }
});

test("all captured requests in turn are answered on one connection that stays open", async () => {
  using connection = await openRaw(live.port);
  for (const [what, read] of Object.entries(readings)) {
    connection.send(captured(what).wire);
    const answer = await connection.next();
    expect(answer.headers.connection ?? "keep-alive").toBe("keep-alive");
    read(answer);
  }
});

test("requests that arrive in one piece are answered one after the other in their order", async () => {
  using connection = await openRaw(live.port);
  const all = Object.entries(readings);
  connection.send(Buffer.concat(all.map(([what]) => captured(what).wire)));
  for (const [, read] of all) read(await connection.next());
});

test("a request that arrives byte by byte is the same request", async () => {
  using connection = await openRaw(live.port);
  const { wire } = captured("tritonclient infers in binary both ways");
  for (const byte of wire) connection.send(Buffer.of(byte));
  expectNumbers(await connection.next(), sent, octets);
});

test.each([
  ["binary", "tritonclient infers in binary both ways", 7],
  ["gzip", "tritonclient sends gzip and takes deflate", 5],
  ["a picture", "tritonclient sends a picture as BYTES", 100],
])("a chunked body of %s is put together first", async (_, what, size) => {
  const request = captured(what);
  const answer = await exchange(live.port, inChunks(request, size));
  readings[what]?.(answer);
});

test("a client that asks first whether to send its body, as curl does, is told to", async () => {
  using connection = await openRaw(live.port);
  const { wire, body } = captured("KServe's client infers in JSON");
  const head = wire.subarray(0, wire.byteLength - body.byteLength - 2);
  connection.send(Buffer.concat([head, Buffer.from("Expect: 100-continue\r\n\r\n")]));
  expect((await connection.next()).status).toBe(100);
  connection.send(body);
  expectNumbers(await connection.next(), sent, json);
});

function inChunks({ method, target: path, headers, body }: ClientRequest, size: number): Buffer {
  const kept = headers.filter(([name]) => name.toLowerCase() !== "content-length");
  const lines = [...kept, ["transfer-encoding", "chunked"]].map(([name, value]) => `${name}: ${value}`);
  const parts: Buffer[] = [Buffer.from([`${method} ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n"))];
  for (let at = 0; at < body.byteLength; at += size) {
    const chunk = body.subarray(at, at + size);
    parts.push(Buffer.from(`${chunk.byteLength.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

test("a large answer is compressed for the client that asked, and only by what it asked for", async () => {
  const numbers = Array.from({ length: 2_000 }, (_, index) => index % 7);
  const inputs = [{ name: "INPUT0", shape: [1, 2_000], datatype: "FP32", data: numbers }];
  const body = JSON.stringify({ inputs, parameters: { binary_data_output: true } });
  const encodingFor = async (accepted: string): Promise<string | undefined> => {
    const head = [
      `POST /v2/models/${model}/infer HTTP/1.1`,
      `host: ${live.host}`,
      `accept-encoding: ${accepted}`,
      `content-length: ${body.length}`,
    ];
    const answer = await exchange(live.port, `${head.join("\r\n")}\r\n\r\n${body}`);
    const { outputs } = readAsClient(answer);
    expect(outputs.OUTPUT0?.data).toEqual(numbers);
    const length = Number(answer.headers["inference-header-content-length"]);
    // It counts bytes before compression, so it may be larger than what came over the wire.
    expect(length).toBeGreaterThan(100);
    return answer.headers["content-encoding"];
  };
  expect(await encodingFor("gzip")).toBe("gzip");
  expect(await encodingFor("deflate")).toBe("deflate");
  // What aiohttp always says is no wish.
  expect(await encodingFor("gzip, deflate, br")).toBeUndefined();
  expect(await encodingFor("br")).toBeUndefined();
  expect(await encodingFor("identity")).toBeUndefined();
});

test.each([
  ["metadata", "GET", "/v2"],
  ["a model's metadata", "GET", `/v2/models/${models.colours}`],
  ["a configuration", "GET", `/v2/models/${models.colours}/config`],
  ["statistics", "GET", "/v2/models/stats"],
  ["the index", "POST", "/v2/repository/index"],
  ["metrics", "GET", "/metrics"],
  ["an error", "GET", "/v2/models/nobody"],
])("%s never comes compressed, however loudly a client asks", async (_, method, path) => {
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${live.host}\r\naccept-encoding: gzip;q=1, deflate;q=0.9, br;q=1, identity;q=0\r\n\r\n`;
  const answer = await exchange(live.port, head);
  expect(answer.headers["content-encoding"]).toBeUndefined();
  expect(answer.body.toString("utf8")).toMatch(/^[[{#]/);
});

test("KServe's client finds readiness in bodies and messages under the exact content type", async () => {
  const get = (path: string): Promise<RawAnswer> =>
    exchange(live.port, `GET ${path} HTTP/1.1\r\nHost: ${live.host}\r\nAccept: */*\r\n\r\n`);
  expect(jsonOf(await get("/v2/health/ready"))).toMatchObject({ ready: true });
  expect(jsonOf(await get("/v2/health/live"))).toMatchObject({ live: true });
  expect(jsonOf(await get(`/v2/models/${model}/ready`))).toMatchObject({ name: model, ready: true });
  const missing = readError(await get("/v2/models/nobody/ready"));
  expect(missing).toEqual({ status: 404, error: expect.stringContaining("nobody") });
  live.server.ready = false;
  const draining = await get("/v2/health/ready");
  live.server.ready = true;
  expect(readError(draining).status).toBe(503);
  expect(JSON.parse(draining.body.toString())).toMatchObject({ ready: false });
});
