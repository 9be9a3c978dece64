import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type ForwardOptions, openForwarder } from "#edge/answer/forward.ts";
import { edgeConfigOf } from "#edge/config.ts";
import { openForwarding as openConfigured } from "#edge/open-forwarding.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { Secret } from "#infra/runtime/secret.ts";
import { demoFolder, type LocalEdge, openLocalEdge } from "#test/support/edge-answering.ts";
import { type FakeCloud, sayJson, sevenAnswer, startFakeCloud } from "#test/support/fake-cloud.ts";
import { freePort } from "#test/support/free-port.ts";
import { key } from "#test/support/gateway-app.ts";
import { openGatewayOverModels } from "#test/support/gateway-over-models.ts";

const image = readFileSync(join(demoFolder, "samples/01-320x320.jpg"));
const path = "/v1/models/digits-n/detect";

let cloud: FakeCloud;
beforeAll(async () => {
  cloud = await startFakeCloud();
});
afterAll(() => cloud[Symbol.asyncDispose]());
beforeEach(() => {
  cloud.heard.length = 0;
  cloud.answer = (response) => sayJson(response, sevenAnswer);
});

async function openForwarding(options: Partial<ForwardOptions> = {}): Promise<LocalEdge> {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const forwarder = stack.use(
    await openForwarder({
      ...{ url: cloud.url, key: new Secret(key), when: "always", patienceMs: 2_000, clock: systemClock },
      ...options,
    }),
  );
  return stack.use(await openLocalEdge(["digits-n"], { forwarder }));
}

async function send(edge: LocalEdge, { query = "", headers = {}, body = image as Buffer | string } = {}) {
  const startedAt = performance.now();
  const response = await fetch(`${edge.url}${path}${query}`, {
    method: "POST",
    headers: { "content-type": "image/jpeg", ...headers },
    body: typeof body === "string" ? body : new Uint8Array(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  const by = response.headers.get("x-tradewind-answered-by");
  return {
    status: response.status,
    by,
    answer,
    headers: response.headers,
    ms: performance.now() - startedAt,
  };
}

test("a cloud that answers in time is passed on, with the request's own id", async () => {
  const edge = await openForwarding();
  const { status, by, answer, headers } = await send(edge, { headers: { "x-request-id": "mine" } });
  expect([status, by, answer.version]).toEqual([200, "cloud", "9"]);
  expect(headers.get("x-request-id")).toBe("mine");
  expect(headers.get("server-timing")).toBe("total;dur=3");
});

test("with a proxy images go through it to the gateway, and it is closed with the forwarder, once or twice", async () => {
  const config = edgeConfigOf({
    ...{ gateway: "http://gateway.example", insecure: true, proxy: cloud.url },
    answer: { forward: { key: "env:KEY", when: "always", within: "2s" } },
  });
  const forwarder = await openConfigured(config, { env: { KEY: "tw_of-this-device" }, clock: systemClock });
  await using edge = await openLocalEdge(["digits-n"], { forwarder });
  const { by } = await send(edge);
  await forwarder?.[Symbol.asyncDispose]();
  await forwarder?.[Symbol.asyncDispose]();
  expect([by, cloud.heard[0]?.path]).toEqual(["cloud", `http://gateway.example${path}`]);
  expect(cloud.heard[0]?.headers.authorization).toBe("Bearer tw_of-this-device");
});

test("the cloud hears the same image and the same options, and nothing of what the caller showed", async () => {
  const edge = await openForwarding();
  await send(edge, {
    query: "?conf=0.4&classes=7&classes=1",
    headers: {
      authorization: "Bearer callers-own",
      "x-api-key": "callers-own",
      cookie: "callers-own",
      "x-request-id": "r1",
    },
  });
  const [heard] = cloud.heard;
  expect(heard?.path).toBe(`${path}?conf=0.4&classes=7&classes=1`);
  expect(heard?.body.equals(image)).toBe(true);
  expect(heard?.headers).toMatchObject({
    authorization: `Bearer ${key}`,
    "content-type": "image/jpeg",
    "x-request-id": "r1",
    traceparent: expect.any(String),
  });
  expect(JSON.stringify(heard?.headers)).not.toContain("callers-own");
});

test("a cloud that is late leaves the local answer, within the patience and a little", async () => {
  const edge = await openForwarding({ patienceMs: 150 });
  cloud.answer = () => {};
  const { by, answer, ms } = await send(edge);
  expect([by, answer.backend, answer.version]).toEqual(["edge", "device", "1"]);
  expect(ms).toBeGreaterThanOrEqual(140);
  expect(ms).toBeLessThan(2_000);
});

test("a caller's deadline is not spent on waiting for the cloud", async () => {
  const edge = await openForwarding({ patienceMs: 30_000 });
  cloud.answer = () => {};
  const { by, ms } = await send(edge, { query: "?deadline=600" });
  expect(by).toBe("edge");
  expect(ms).toBeLessThan(5_000);
});

test("a cloud that is gone costs nothing after three failures, and is asked again after the pause", async () => {
  let now = 0;
  const clock = { ...systemClock, elapsed: () => now };
  const edge = await openForwarding({ patienceMs: 150, clock });
  cloud.answer = () => {};
  for (let round = 0; round < 6; round += 1) expect((await send(edge)).by).toBe("edge");
  expect(cloud.heard).toHaveLength(3);
  now = 1_000;
  cloud.answer = (response) => sayJson(response, sevenAnswer);
  expect((await send(edge)).by).toBe("cloud");
  expect((await send(edge)).by).toBe("cloud");
  expect(cloud.heard).toHaveLength(5);
});

test("callers in a hurry do not make the cloud one that is gone", async () => {
  const edge = await openForwarding({ patienceMs: 30_000 });
  cloud.answer = () => {};
  for (let round = 0; round < 4; round += 1)
    expect((await send(edge, { query: "?deadline=400" })).by).toBe("edge");
  expect(cloud.heard).toHaveLength(4);
});

test("where nobody listens the local answer stands at once", async () => {
  const edge = await openForwarding({ url: `http://127.0.0.1:${await freePort()}` });
  const { status, by } = await send(edge);
  expect([status, by]).toEqual([200, "edge"]);
});

test.each<readonly [string, FakeCloud["answer"]]>([
  ["refuses the key", (response) => sayJson(response, { code: "key_invalid" }, 401)],
  ["is overloaded", (response) => sayJson(response, {}, 503)],
  ["leads elsewhere", (response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
  [
    "speaks HTML",
    (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>hello</p>"),
  ],
  ["sends no JSON", (response) => sayJson(response, "{")],
  ["answers for another model", (response) => sayJson(response, { ...sevenAnswer, model: "cats" })],
  [
    "answers in another format",
    (response) => sayJson(response, { ...sevenAnswer, detections: undefined, annotations: [] }),
  ],
  ["sends without end", (response) => sayJson(response, " ".repeat(1_000_000))],
  ["hangs up", (response) => void response.destroy()],
  [
    "hangs up in the middle",
    (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": 1_000 });
      response.write("{");
      setImmediate(() => response.destroy());
    },
  ],
])("the local answer stands where the cloud %s", async (_, answer) => {
  const edge = await openForwarding({ maxAnswerBytes: 100_000 });
  cloud.answer = answer;
  const sent = await send(edge);
  expect([sent.status, sent.by, sent.answer.backend]).toEqual([200, "edge", "device"]);
  expect(cloud.heard).toHaveLength(1);
});

test("what is wrong with a request is said here and never forwarded", async () => {
  const edge = await openForwarding();
  for (const sent of [{ query: "?conf=2" }, { body: "no image" }, { query: "?classes=zebra" }]) {
    const { status, by } = await send(edge, sent);
    expect([status >= 400, by]).toEqual([true, "edge"]);
  }
  expect(cloud.heard).toEqual([]);
});

test("only what the model is unsure of goes to the cloud where that is said", async () => {
  const edge = await openForwarding({ when: "unsure", below: 0.5 });
  const sure = await send(edge, { query: "?conf=0.6" });
  expect([sure.by, cloud.heard.length]).toEqual(["edge", 0]);
  const unsure = await send(edge, { query: "?conf=0.01" });
  expect([unsure.by, cloud.heard.length]).toEqual(["cloud", 1]);
});

test("a list is forwarded as a list, and one that is not as long is not passed on", async () => {
  const edge = await openForwarding();
  const images = [image.toString("base64"), image.toString("base64")];
  const sent = { headers: { "content-type": "application/json" }, body: JSON.stringify({ images }) };
  cloud.answer = (response) =>
    sayJson(response, { request_id: "c", images: [sevenAnswer, { error: { code: "x" } }] });
  expect((await send(edge, sent)).by).toBe("cloud");
  cloud.answer = (response) => sayJson(response, { request_id: "c", images: [sevenAnswer] });
  expect((await send(edge, sent)).by).toBe("edge");
});

test("a real gateway answers for the device", async () => {
  await using gateway = await openGatewayOverModels(demoFolder, ["digits-n"]);
  const edge = await openForwarding({ url: `${gateway.url}/`, patienceMs: 10_000 });
  const { status, by, answer } = await send(edge, {
    headers: { "x-request-id": "both" },
    query: "?deadline=20000",
  });
  expect([status, by, answer.request_id, answer.backend]).toEqual([200, "cloud", "both", "local"]);
});
