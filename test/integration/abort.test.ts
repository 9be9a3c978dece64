import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type GatewayProcess,
  keysYaml,
  makeFileKey,
  patiently,
  picture,
  type Reply,
  startGateway,
} from "#test/support/gateway-process.ts";
import { multipartBody, multipartType } from "#test/support/multipart.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { openRaw } from "#test/support/raw-http.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";

const key = makeFileKey({ scopes: ["infer", "metrics"], concurrency: 4 });
const lonely = makeFileKey({ concurrency: 1 });
const poor = makeFileKey({ tenant: "poor" });
const single = makeFileKey({ tenant: "single" });
const keys = keysYaml([key, lonely, poor, single], {
  poor: { monthly: { images: 2, usd: 0.02 } },
  single: { monthly: { images: 1 } },
});

let redis: RedisServer;
let backend: PatientBackend;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await startRedisServer();
  backend = await startPatientBackend();
  const providers = { there: { kind: "static", urls: [backend.url], usdPerRequest: 0.01 } };
  const env = { REDIS_URL: redis.url };
  gateway = await startGateway({ backend: backend.url, config: { providers }, keys, env });
});
beforeEach(() => {
  backend.release();
  backend.forget();
});
afterAll(async () => {
  for (const part of [gateway, backend, redis]) await part?.[Symbol.asyncDispose]();
});

let pictures = 0;
const another = (): Promise<Buffer> => picture(++pictures);

/** A request whose caller may leave; `gone` resolves when the gateway has noticed that. */
function see(body: Buffer, who = key, more: { readonly path?: string; readonly type?: string } = {}) {
  const leaving = new AbortController();
  const { path = "/v1/models/digits-s/detect", type = "image/png" } = more;
  const headers = { "content-type": type };
  const asked = gateway.ask(path, { key: who.text, body, headers, signal: leaving.signal });
  const reply: Promise<Reply | undefined> = asked.catch(() => undefined);
  const leave = async (): Promise<void> => {
    const before = await finished("caller_left");
    leaving.abort();
    await expect.poll(() => finished("caller_left"), patiently).toBe(before + 1);
    expect(await reply).toBeUndefined();
  };
  return { reply, leave };
}

/** Requests that the gateway has ended with this code. */
async function finished(code: string): Promise<number> {
  const { text } = await gateway.ask("/metrics", { key: key.text });
  const lines = text.split("\n").filter((line) => line.startsWith("tradewind_request_seconds_count"));
  const counts = lines
    .filter((line) => line.includes(`code="${code}"`))
    .map((line) => line.split(" ").at(-1));
  return counts.reduce((sum, count) => sum + Number(count), 0);
}

const admitted = (): Promise<number> => gateway.counted("tradewind_admissions_total", key.text);

function listOf(images: readonly Buffer[], headers: Record<string, string> = {}) {
  const parts = images.map((bytes) => ({ name: "images", filename: "a.png", type: "image/png", bytes }));
  return {
    key: key.text,
    body: multipartBody(parts),
    headers: { ...headers, "content-type": multipartType() },
  };
}

/** What a request in the protocol's own form carries: one image. */
function inferBody(image: Buffer): string {
  const parameters = { content_type: "base64" };
  const data = [image.toString("base64")];
  return JSON.stringify({ inputs: [{ name: "image", shape: [1], datatype: "BYTES", parameters, data }] });
}

test("a caller who leaves ends the call to the backend", async () => {
  backend.hold();
  const one = see(await another());
  await expect.poll(backend.waiting, patiently).toBe(1);
  await one.leave();
  await expect.poll(backend.left, patiently).toBe(1);
});

test("a caller who leaves ends the calls for each image of a list", async () => {
  backend.hold();
  const images = await Promise.all([another(), another(), another()]);
  const leaving = new AbortController();
  const one = gateway.ask("/v1/models/digits-s/detect", { ...listOf(images), signal: leaving.signal });
  await expect.poll(backend.waiting, patiently).toBe(3);
  leaving.abort();
  await expect(one).rejects.toThrow();
  await expect.poll(backend.left, patiently).toBe(3);
});

test("a list whose caller left is noted as one and not as an answer", async () => {
  backend.hold();
  const before = await finished("caller_left");
  const leaving = new AbortController();
  const list = listOf([await another(), await another()]);
  const one = gateway.ask("/v1/models/digits-s/detect", { ...list, signal: leaving.signal });
  await expect.poll(backend.waiting, patiently).toBe(2);
  leaving.abort();
  await expect(one).rejects.toThrow();
  await expect.poll(() => finished("caller_left"), { timeout: 3_000 }).toBe(before + 1);
  await expect.poll(backend.left, patiently).toBe(2);
});

test("a list that is sent again after its caller left is answered, and not with what became of the first", async () => {
  backend.hold();
  const list = listOf([await another(), await another()], { "idempotency-key": "again" });
  const leaving = new AbortController();
  const one = gateway.ask("/v1/models/digits-s/detect", { ...list, signal: leaving.signal });
  await expect.poll(backend.waiting, patiently).toBe(2);
  leaving.abort();
  await expect(one).rejects.toThrow();
  await expect.poll(backend.left, patiently).toBe(2);
  backend.release();
  const again = () => gateway.ask("/v1/models/digits-s/detect", list);
  // Until the first one's end is noted, the second is told that it is under way.
  await expect.poll(async () => (await again()).status, { timeout: 5_000 }).toBe(200);
  expect((await again()).text).not.toContain("caller_left");
});

test("a caller of the Open Inference Protocol who leaves ends the call to the backend", async () => {
  backend.hold();
  const body = Buffer.from(inferBody(await another()));
  const one = see(body, key, { path: "/v2/models/digits-s/infer", type: "application/json" });
  await expect.poll(backend.waiting, patiently).toBe(1);
  await one.leave();
  await expect.poll(backend.left, patiently).toBe(1);
});

/** Two callers with one picture: the second is known to fly along when it was let in and nobody asked the backend again. */
async function flyTogether() {
  backend.hold();
  const image = await another();
  const first = see(image);
  await expect.poll(backend.waiting, patiently).toBe(1);
  const before = await admitted();
  const second = see(image);
  await expect.poll(admitted, patiently).toBe(before + 1);
  expect(backend.images).toHaveLength(1);
  return { first, second };
}

test("whoever began a shared call leaves without ending it for the other", async () => {
  const { first, second } = await flyTogether();
  await first.leave();
  expect([backend.left(), backend.waiting()]).toEqual([0, 1]);
  backend.release();
  const reply = await second.reply;
  expect(reply?.status).toBe(200);
  expect(backend.images).toHaveLength(1);
});

test("whoever joined a shared call leaves without ending it for the first", async () => {
  const { first, second } = await flyTogether();
  await second.leave();
  expect([backend.left(), backend.waiting()]).toEqual([0, 1]);
  backend.release();
  expect((await first.reply)?.status).toBe(200);
  expect(backend.images).toHaveLength(1);
});

test("a shared call ends when the last of its callers has left", async () => {
  const { first, second } = await flyTogether();
  await first.leave();
  await second.leave();
  await expect.poll(backend.left, patiently).toBe(1);
  expect(backend.waiting()).toBe(0);
});

test("a caller who leaves within its body never reaches a backend and uses none of its month", async () => {
  const image = await another();
  const head = [
    "POST /v1/models/digits-s/detect HTTP/1.1",
    "host: here",
    `authorization: Bearer ${poor.text}`,
  ];
  for (let n = 0; n < 5; n += 1) {
    const before = await finished("body_incomplete");
    using connection = await openRaw(gateway.port);
    connection.send(`${[...head, `content-length: ${image.byteLength}`].join("\r\n")}\r\n\r\n`);
    connection.send(image.subarray(0, 40));
    // The head was read by the time that an answer to something later is here.
    await gateway.ask("/livez");
    connection[Symbol.dispose]();
    await expect.poll(() => finished("body_incomplete"), patiently).toBe(before + 1);
  }
  expect(backend.images).toHaveLength(0);
  const replies = [await see(await another(), poor).reply, await see(await another(), poor).reply];
  expect(replies.map((reply) => reply?.status)).toEqual([200, 200]);
  expect((await see(await another(), poor).reply)?.status).toBe(429);
});

test("the place of a caller who left is free again", async () => {
  for (let n = 0; n < 3; n += 1) {
    backend.hold();
    const one = see(await another(), lonely);
    await expect.poll(backend.waiting, patiently).toBe(1);
    expect((await see(await another(), lonely).reply)?.json).toMatchObject({ code: "concurrency_limited" });
    await one.leave();
    backend.release();
    const next = async () => (await see(await another(), lonely).reply)?.status;
    await expect.poll(next, { timeout: 2_000 }).toBe(200);
  }
});

test("the usage of a caller who left and what is left of its month tell the same story", async () => {
  backend.hold();
  const one = see(await another(), single);
  await expect.poll(backend.waiting, patiently).toBe(1);
  await one.leave();
  backend.release();
  const { images } = (await gateway.ask("/v1/usage", { key: single.text })).json;
  const next = (await see(await another(), single).reply)?.status;
  expect([
    [0, 200],
    [1, 429],
  ]).toContainEqual([images, next]);
});
