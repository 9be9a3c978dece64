import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type Ask,
  type GatewayProcess,
  patiently,
  picture,
  type Reply,
  startGateway,
} from "#test/support/gateway-process.ts";
import { type LiveRecords, type MadeKey, openLiveRecords } from "#test/support/live-records.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";

let records: LiveRecords;
let redis: RedisServer;
let backend: PatientBackend;
let gateway: GatewayProcess;
let [acme, rival, narrow, chief]: MadeKey[] = [];
beforeAll(async () => {
  [records, redis, backend] = await Promise.all([
    openLiveRecords(),
    startRedisServer(),
    startPatientBackend(),
  ]);
  const bounds = { limits: [{ requests: 40, per: "1h" }], monthly: { images: 500 }, concurrency: 5 };
  await records.tenant("acme", bounds);
  await records.tenant("rival", bounds);
  acme = await records.key({ tenant: "acme" });
  rival = await records.key({ tenant: "rival" });
  await records.tenant("narrow", {});
  narrow = await records.key({ tenant: "narrow", models: ["digits-n"] });
  chief = await records.key({ tenant: "rival", scopes: ["admin", "infer", "usage"] });
  gateway = await startGateway({
    backend: backend.url,
    config: {
      models: { "digits-s": { source: "x" }, "digits-n": { source: "x" } },
      routes: [{ models: ["digits-s", "digits-n"], failover: [["there"]] }],
    },
    env: { DATABASE_URL: records.url, REDIS_URL: redis.url },
  });
});
beforeEach(() => {
  backend.release();
  backend.forget();
});
afterAll(async () => {
  for (const part of [gateway, backend, redis, records]) await part?.[Symbol.asyncDispose]();
});

let pictures = 0;
const another = (): Promise<Buffer> => picture(++pictures);

const ask = (who: MadeKey | undefined, path: string, options: Ask = {}): Promise<Reply> =>
  gateway.ask(path, { key: who?.text, ...options });

const see = (who: MadeKey | undefined, body: Buffer, headers: Record<string, string> = {}): Promise<Reply> =>
  ask(who, "/v1/models/digits-s/detect", { body, headers });

const left = (reply: Reply): number =>
  Number(/"tenant";r=(\d+)/.exec(reply.headers.get("ratelimit") ?? "")?.[1] ?? Number.NaN);

test("what one tenant's picture was answered is found again by that tenant alone", async () => {
  const image = await another();
  const replies = [
    await see(acme, image),
    await see(acme, image),
    await see(rival, image),
    await see(rival, image),
  ];
  expect(replies.map(({ json }) => json.cache)).toEqual(["miss", "hit", "miss", "hit"]);
  expect(backend.images).toHaveLength(2);
});

test("two tenants with one picture at one moment do not share a call", async () => {
  backend.hold();
  const image = await another();
  const replies = [see(acme, image), see(rival, image)];
  await expect.poll(() => backend.waiting(), patiently).toBe(2);
  backend.release();
  for (const reply of await Promise.all(replies)) expect(reply.json.cache).toBe("miss");
});

test("a tenant's limits, places and month are its own", async () => {
  const before = left(await see(rival, await another()));
  for (let n = 0; n < 5; n += 1) await see(acme, await another());
  expect(left(await see(rival, await another()))).toBe(before - 1);
  backend.hold();
  const held = await Promise.all(Array.from({ length: 5 }, another));
  const waiting = held.map((image) => see(acme, image));
  await expect.poll(() => backend.waiting(), patiently).toBe(5);
  expect((await see(acme, await another())).json.code).toBe("concurrency_limited");
  const other = see(rival, await another());
  await expect.poll(() => backend.waiting(), patiently).toBe(6);
  backend.release();
  for (const reply of await Promise.all([...waiting, other])) expect(reply.status).toBe(200);
  // And whoever has used up everything stops nobody else.
  const statuses = new Set<number>();
  while (!statuses.has(429) && statuses.size < 3) statuses.add((await see(acme, await another())).status);
  expect(statuses).toEqual(new Set([200, 429]));
  expect((await see(rival, await another())).status).toBe(200);
});

test("a tenant reads its own usage, and cannot ask for another's", async () => {
  const [mine, other] = [await ask(acme, "/v1/usage"), await ask(rival, "/v1/usage")];
  expect([mine.json.tenant, other.json.tenant]).toEqual(["acme", "rival"]);
  expect(mine.json.images).not.toBe(other.json.images);
  const before = Number(other.json.images);
  await see(narrow, await another());
  await see(rival, await another());
  expect((await ask(rival, "/v1/usage")).json.images).toBe(before + 1);
  for (const query of ["tenant=acme", "tenant=acme&month=2026-11", "key=x"])
    expect((await ask(rival, `/v1/usage?${query}`)).status).toBe(422);
  const headers = { "x-tenant": "acme", "x-tradewind-tenant": "acme" };
  expect((await ask(rival, "/v1/usage", { headers })).json.tenant).toBe("rival");
});

test("an idempotency key of one tenant is unknown to another, and to another key of the same", async () => {
  const image = await another();
  const headers = { "idempotency-key": "order-1", "cache-control": "no-store" };
  const first = await see(chief, image, headers);
  expect(first.status).toBe(200);
  const again = async (who: MadeKey | undefined) =>
    (await see(who, image, headers)).headers.get("idempotent-replayed");
  await expect.poll(() => again(chief), patiently).toBe("true");
  // One of another tenant, and one of the same.
  for (const tenant of ["narrow", "rival"]) {
    const other = await records.key({ tenant });
    await expect.poll(async () => (await ask(other, "/v1/models")).status, patiently).toBe(200);
    const reply = await see(other, image, headers);
    expect([tenant, reply.status, reply.headers.get("idempotent-replayed")]).toEqual([tenant, 200, null]);
    // Not even as one that came with another request.
    const fresh = await records.key({ tenant });
    await expect.poll(async () => (await ask(fresh, "/v1/models")).status, patiently).toBe(200);
    expect((await see(fresh, await another(), headers)).status).toBe(200);
  }
});

test("keys without the scope find no administrators' room, and a tenant's administrator sees its own alone", async () => {
  expect((await ask(rival, "/v1/admin/keys")).status).toBe(403);
  expect((await ask(undefined, "/v1/admin/keys")).status).toBe(401);
  const list = await ask(chief, "/v1/admin/keys?limit=1000");
  expect(list.status).toBe(200);
  expect(list.text).toContain(rival?.id);
  expect(list.text).not.toContain(acme?.id);
  expect((await ask(chief, "/v1/admin/keys?tenant=acme")).status).toBe(403);
  expect((await ask(chief, `/v1/admin/keys/${acme?.id}`, { method: "DELETE" })).status).toBe(404);
  expect((await ask(acme, "/v1/models")).status).toBe(200);
});

test.each([
  ["POST /v1/models/digits-s/detect"],
  ["POST /v1/models/digits-s@2/detect"],
  ["POST /v1/models/digits-s@1/detect"],
  ["POST /v1/models/digits-s-tensor/detect"],
  ["POST /v1/models/digits%2Ds/detect"],
  ["GET /v2/models/digits-s"],
  ["GET /v2/models/digits-s/ready"],
  ["GET /v2/models/digits-s/config"],
  ["GET /v2/models/digits-s/stats"],
  ["GET /v2/models/digits-s/versions/2"],
  ["GET /v2/models/digits-s-tensor"],
  ["POST /v2/models/digits-s/infer"],
  ["POST /v2/models/digits-s/versions/2/infer"],
  ["POST /v2/models/digits-s-tensor/infer"],
  ["POST /v2/models/digits%2Ds/infer"],
])("a key for another model finds nothing at %s", async (verb) => {
  const [method = "", path = ""] = verb.split(" ");
  const reply = await ask(narrow, path, method === "POST" ? { body: await another() } : {});
  expect({ status: reply.status, images: backend.images.length }).toEqual({ status: 404, images: 0 });
  expect(reply.text).not.toMatch(/there is .*digits-s/);
});

test("lists of models show a key what it may use and nothing else", async () => {
  const models = (await ask(narrow, "/v1/models")).json.models as readonly { readonly name: string }[];
  expect(models.map(({ name }) => name)).toEqual(["digits-n"]);
  for (const path of ["/v2/models", "/v2/models/stats"])
    expect((await ask(narrow, path)).text).not.toContain("digits-s");
  const index = await ask(narrow, "/v2/repository/index", { method: "POST", body: "{}" });
  expect(index.text).not.toContain("digits-s");
  expect((await ask(narrow, "/v1/models/digits-n@2/detect", { body: await another() })).status).toBe(200);
});
