import { Redis } from "ioredis";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imageTypes, canary as placeCanary, talkative } from "#test/support/exif-images.ts";
import { type FakeIdentityProvider, startIdentityProvider } from "#test/support/fake-identity-provider.ts";
import { type Ask, type GatewayProcess, startGateway } from "#test/support/gateway-process.ts";
import { type LiveRecords, type MadeKey, openLiveRecords } from "#test/support/live-records.ts";
import { multipartBody, multipartType } from "#test/support/multipart.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";

/** What must not be found again, by where it was planted. */
const canary = {
  place: placeCanary,
  file: "canary-file-of-anna",
  field: "canary-field-of-berta",
  query: "canary-query-of-clara",
  idempotency: "canary-idempotency-of-dora",
  url: "canary-url-of-emma",
  basic: "canary-basic-of-frida",
  wrongKey: "tw_0123456789ab_canaryKeyOfGretaAAAAAAAAAAAAAAA",
  cookie: "canary-cookie-of-hanna",
  subject: "canary-subject-of-ida",
  email: "canary-mail-of-jana@example.com",
  pixels: "canary-pixels-of-karla",
};

/** Whose token was used may be kept to account for it, as a key's id is. */
const { subject: _, ...unnamed } = canary;

let records: LiveRecords;
let redis: RedisServer;
let backend: PatientBackend;
let issuer: FakeIdentityProvider;
let gateways: GatewayProcess[];
let key: MadeKey;
let token: string;
beforeAll(async () => {
  [records, redis, backend, issuer] = await Promise.all([
    openLiveRecords(),
    startRedisServer(),
    startPatientBackend(),
    startIdentityProvider({ now: Date.now }),
  ]);
  issuer.addKey("one");
  await records.tenant("acme", { limits: [{ requests: 10_000, per: "1s" }], monthly: { usd: 100 } });
  key = await records.key({ tenant: "acme" });
  token = issuer.issue({ sub: canary.subject, email: canary.email });
  const route = { models: ["digits-s"], failover: [["there"]] };
  const raw = { models: ["raw"], failover: [["there"]], prepare: { strip: false } };
  const away = { models: ["gone"], failover: [["nowhere"]] };
  const config = {
    models: { "digits-s": { source: "x" }, raw: { source: "x" }, gone: { source: "x" } },
    providers: {
      there: { kind: "static", urls: [backend.url] },
      nowhere: { kind: "static", urls: ["http://127.0.0.1:9"] },
    },
    routes: [{ ...route, fetchFrom: ["images.example.com"] }, raw, away],
    access: {
      jwt: [
        {
          issuer: issuer.issuer,
          audience: "tradewind",
          tenants: ["acme"],
          limits: [{ requests: 1000, per: "1h" }],
        },
      ],
    },
  };
  const open = (level: string) =>
    startGateway({
      backend: backend.url,
      config,
      env: { DATABASE_URL: records.url, REDIS_URL: redis.url, LOG_LEVEL: level },
    });
  gateways = await Promise.all([open("debug"), open("trace")]);
});
afterAll(async () => {
  for (const part of [...(gateways ?? []), issuer, backend, redis, records])
    await part?.[Symbol.asyncDispose]();
});

type Case = { readonly path: string; readonly ask: Ask; readonly status: number };

const detect = "/v1/models/digits-s/detect";

/** A picture whose bytes hold a text: uncompressed, so that it stands there as it is. */
async function writtenPicture(): Promise<Buffer> {
  const pixels = Buffer.alloc(16 * 16 * 3, canary.pixels);
  return await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
    .png({ compressionLevel: 0, adaptiveFiltering: false })
    .toBuffer();
}

async function cases(): Promise<readonly Case[]> {
  const shown = { authorization: `Bearer ${key.text}` };
  const image = await writtenPicture();
  const jpeg = talkative("jpeg", 6);
  const form = multipartBody([
    { name: "image", filename: `${canary.file}.jpg`, type: "image/jpeg", bytes: jpeg },
    { name: "conf", bytes: "0.5" },
  ]);
  const badForm = multipartBody([
    { name: canary.field, filename: canary.file, type: "image/jpeg", bytes: jpeg },
  ]);
  const type = { "content-type": multipartType() };
  const json = { "content-type": "application/json" };
  const url = `https://images.example.com/${canary.url}.jpg?token=${canary.url}`;
  const post = (
    path: string,
    body: Buffer | string,
    headers: Record<string, string>,
    status: number,
  ): Case => ({
    path,
    ask: { body, headers: { "content-type": "image/jpeg", ...headers } },
    status,
  });
  return [
    post(detect, image, shown, 200),
    post(detect, image, { authorization: `Bearer ${token}` }, 200),
    post(detect, image, { "x-api-key": key.text, cookie: canary.cookie }, 200),
    ...imageTypes.map((kind) => post(detect, talkative(kind, 6), shown, 200)),
    post(detect, form, { ...shown, ...type }, 200),
    post(detect, image, { ...shown, "idempotency-key": canary.idempotency }, 200),
    post(detect, image, { ...shown, "idempotency-key": canary.idempotency }, 200),
    post(detect, JSON.stringify({ image: image.toString("base64") }), { ...shown, ...json }, 200),
    post(`${detect}?name=${canary.query}`, image, shown, 422),
    post(`${detect}?conf=${canary.query}`, image, shown, 422),
    post(`/v1/models/gone/detect?conf=0.5`, image, shown, 503),
    post(detect, badForm, { ...shown, ...type }, 422),
    post(detect, form.subarray(0, -10), { ...shown, ...type }, 400),
    post(detect, JSON.stringify({ image: { url } }), { ...shown, ...json }, 422),
    post(detect, `{"image": "${canary.pixels}`, { ...shown, ...json }, 400),
    post(detect, canary.pixels, shown, 415),
    post(detect, image.subarray(0, 60), shown, 422),
    post(detect, image, { authorization: `Basic ${canary.basic}` }, 401),
    post(detect, image, { authorization: `Bearer ${canary.wrongKey}` }, 401),
    post(detect, image, { authorization: `Bearer ${token.slice(0, -8)}AAAAAAAA` }, 401),
    { path: `/v1/${canary.query}?a=${canary.query}`, ask: { headers: shown }, status: 404 },
    { path: `/v1/usage?month=${canary.query}`, ask: { headers: shown }, status: 422 },
  ];
}

/** In the forms in which a text could have been written: as it is, in base64, in hexadecimal. */
function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  // Base64 depends on where in a run of three bytes the text begins; the inner part of each is enough.
  const inBase64 = [0, 1, 2].map((skip) =>
    bytes
      .subarray(skip, skip + 18)
      .toString("base64")
      .slice(0, 24),
  );
  return [text, ...inBase64, bytes.toString("hex"), encodeURIComponent(text)];
}

function expectNothingIn(where: string, secrets: readonly string[]): void {
  for (const secret of secrets)
    for (const form of formsOf(secret))
      expect({ secret, found: where.includes(form) }).toEqual({ secret, found: false });
}

test("what callers send is in no log, whatever the level", { timeout: 60_000 }, async () => {
  for (const gateway of gateways) {
    for (const { path, ask, status } of await cases()) {
      const reply = await gateway.ask(path, ask);
      expect({ path, status: reply.status, said: reply.text }).toEqual({
        path,
        status,
        said: expect.any(String),
      });
    }
    expect(gateway.said()).toContain('"level":"debug"');
    // What is written at the end is written too.
    expect(await gateway.stop()).toBe(0);
    const secret = key.text.slice(-32);
    expectNothingIn(gateway.said(), [...Object.values(unnamed), secret, token, token.split(".")[2] ?? ""]);
  }
});

test("whose token was used stands in no log and no name in Redis, since a subject may be a person's address", async () => {
  for (const gateway of gateways) {
    expect(gateway.said()).toContain('"route":"POST /v1/models/:model/detect"');
    expectNothingIn(gateway.said(), [canary.subject]);
  }
  const client = new Redis(redis.port, "127.0.0.1");
  const names = await client.keys("*").finally(() => client.disconnect());
  expectNothingIn(names.join("\n"), [canary.subject]);
});

test("Redis holds no key, no token and nothing of an image", async () => {
  const client = new Redis(redis.port, "127.0.0.1");
  const kept: string[] = [];
  for (const name of await client.keys("*")) {
    const kind = await client.type(name);
    if (kind === "string") kept.push(name, (await client.getBuffer(name))?.toString("latin1") ?? "");
    else if (kind === "zset") kept.push(name, ...(await client.zrange(name, 0, "-1")));
    else kept.push(name, String(await client.dump(name)));
  }
  client.disconnect();
  expect(kept.length).toBeGreaterThan(4);
  expect(kept.some((text) => text.includes("detections"))).toBe(true);
  expectNothingIn(kept.join("\n"), [...Object.values(unnamed), key.text.slice(-32), token]);
});

test("PostgreSQL holds no key, no token and nothing of an image", async () => {
  const tables = await records.rows(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  expect(tables.map(({ name }) => name)).toContain("api_keys");
  let text = "";
  for (const { name } of tables)
    text += JSON.stringify(await records.rows(`SELECT * FROM "${String(name)}"`));
  expect(text).toContain(key.id);
  expectNothingIn(text, [...Object.values(unnamed), key.text.slice(-32), token]);
});

test("nothing beside the picture reaches a backend, unless its route says so", async () => {
  await using gateway = await startGateway({
    backend: backend.url,
    config: {
      models: { "digits-s": { source: "x" }, raw: { source: "x" } },
      routes: [
        { models: ["digits-s"], failover: [["there"]], cache: "off" },
        { models: ["raw"], failover: [["there"]], cache: "off", prepare: { strip: false } },
      ],
    },
    env: { DATABASE_URL: records.url },
  });
  for (const kind of imageTypes) {
    const ask = { key: key.text, body: talkative(kind, 6), headers: { "content-type": `image/${kind}` } };
    backend.forget();
    expect((await gateway.ask(detect, ask)).status).toBe(200);
    expect((await gateway.ask("/v1/models/raw/detect", ask)).status).toBe(200);
    const found = backend.images.map((body) => body.includes(canary.place));
    expect({ kind, found }).toEqual({ kind, found: [false, true] });
  }
});
