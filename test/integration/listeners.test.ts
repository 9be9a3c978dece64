import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BackendProcess, startBackend } from "#test/support/backend-process.ts";
import { freePort } from "#test/support/free-port.ts";
import { askAt, type GatewayProcess, startGateway } from "#test/support/gateway-process.ts";
import { type LiveRecords, type MadeKey, openLiveRecords } from "#test/support/live-records.ts";
import { modelConfigSchema } from "#test/support/open-inference-schemas.ts";
import { openRaw } from "#test/support/raw-http.ts";
import { readAsClient } from "#test/support/read-as-client.ts";
import { repository } from "#test/support/run-tradewind.ts";

const demo = `${repository}inference/models/demo`;

let records: LiveRecords;
let backend: BackendProcess;
let gateway: GatewayProcess;
let ports: { readonly mine: number; readonly bounded: number; readonly admin: number };
let [operator, usual]: MadeKey[] = [];
let image: Buffer;
beforeAll(async () => {
  [records, backend] = await Promise.all([
    openLiveRecords(),
    startBackend("--models", demo, "--workers", "1"),
  ]);
  ports = { mine: await freePort(), bounded: await freePort(), admin: await freePort() };
  await records.tenant("workshop", {});
  await records.tenant("bounded", { limits: [{ requests: 3, per: "1h" }] });
  operator = await records.key({ scopes: ["admin", "infer", "usage"] });
  usual = await records.key({ tenant: "bounded" });
  image = await readFile(`${demo}/sample.jpg`);
  const listeners = [
    { address: `127.0.0.1:${ports.mine}`, tenant: "workshop" },
    { address: `127.0.0.1:${ports.bounded}`, tenant: "bounded" },
    { address: `127.0.0.1:${ports.admin}`, admin: true },
  ];
  gateway = await startGateway({
    backend: backend.url,
    config: { listeners },
    env: { DATABASE_URL: records.url },
  });
});
afterAll(async () => {
  for (const part of [gateway, backend, records]) await part?.[Symbol.asyncDispose]();
});

const at = (door: keyof typeof ports): string => `http://127.0.0.1:${ports[door]}`;
const detect = "/v1/models/digits-s/detect";

test("whoever comes through a tenant's own door needs no key, and is that tenant", async () => {
  const reply = await askAt(at("mine"), detect, { body: image });
  expect(reply.status).toBe(200);
  expect(reply.json.detections).toBeInstanceOf(Array);
  const usage = await askAt(at("mine"), "/v1/usage");
  expect(usage.json).toMatchObject({ tenant: "workshop", images: 1 });
  expect((await gateway.ask(detect, { body: image })).json.code).toBe("key_missing");
});

test("the limits of its tenant hold at a door without a key", async () => {
  const replies = [];
  for (let n = 0; n < 4; n += 1) replies.push(await askAt(at("bounded"), detect, { body: image }));
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(Number(replies[3]?.headers.get("retry-after"))).toBeGreaterThan(0);
  // They are the tenant's, whichever door its callers come through.
  expect((await gateway.ask(detect, { key: usual?.text, body: image })).status).toBe(429);
});

test("a page in somebody's browser cannot use a door without a key", async () => {
  for (const origin of ["https://evil.example", "http://localhost:3000", "null"]) {
    const reply = await askAt(at("mine"), detect, { body: image, headers: { origin } });
    expect([reply.status, reply.json.code]).toEqual([403, "origin_forbidden"]);
    expect(reply.headers.get("access-control-allow-origin")).toBeNull();
    const v2 = await askAt(at("mine"), "/v2/models/digits-s/config", { headers: { origin } });
    expect(v2.status).toBe(403);
    const headers = { origin, "access-control-request-method": "POST" };
    const preflight = await askAt(at("mine"), detect, { method: "OPTIONS", headers });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
  }
});

test("a wrong key at a door without a key is still a wrong key", async () => {
  const key = "tw_000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  expect((await askAt(at("mine"), "/v1/models", { key })).status).toBe(401);
});

test("the administrators' rooms are behind their own door, and behind no other", async () => {
  const key = operator?.text;
  expect((await askAt(at("admin"), "/v1/admin/keys", { key })).status).toBe(200);
  expect((await askAt(at("admin"), "/v1/admin/keys")).status).toBe(401);
  expect((await askAt(at("admin"), "/v1/admin/keys", { key: usual?.text })).status).toBe(403);
  for (const path of ["/v1/admin/keys", "/v1/admin/tenants", "/v1/admin/audit"]) {
    expect((await gateway.ask(path, { key })).status).toBe(404);
    expect((await askAt(at("mine"), path, { key })).status).toBe(404);
    // Without a key that door's caller has no such scope either.
    expect([403, 404]).toContain((await askAt(at("mine"), path)).status);
  }
  expect((await askAt(at("mine"), "/metrics")).status).toBe(403);
});

/** geventhttpclient's way of asking, as Ultralytics' client sends it: no key, no Accept, no content type. */
function wire(
  port: number,
  verb: string,
  headers: readonly string[],
  body: Buffer = Buffer.alloc(0),
): Buffer {
  const agent = ["user-agent: python/gevent-http-client-2.0.8", `host: 127.0.0.1:${port}`];
  return Buffer.concat([Buffer.from([`${verb} HTTP/1.1`, ...agent, ...headers, "", ""].join("\r\n")), body]);
}

test("the sequence of Ultralytics' client goes through a tenant's door to the demo model", async () => {
  using connection = await openRaw(ports.mine);
  connection.send(wire(ports.mine, "GET /v2/models/digits-s/config", []));
  const asked = await connection.next();
  expect(asked.status).toBe(200);
  const config = modelConfigSchema.parse(JSON.parse(asked.body.toString()));
  const [input] = config.input;
  expect(input?.data_type).toBe("TYPE_FP32");
  // The client reads this as a Python literal.
  const { metadata } = (config as { parameters?: { metadata?: { string_value: string } } }).parameters ?? {};
  const [, height, width] = /'imgsz': \[(\d+), (\d+)\]/.exec(metadata?.string_value ?? "") ?? [];
  const shape = [1, 3, Number(height), Number(width)];
  const tensor = Buffer.from(
    new Float32Array(shape.reduce((product, side) => product * side)).fill(0.5).buffer,
  );
  const head = JSON.stringify({
    inputs: [
      { name: input?.name, shape, datatype: "FP32", parameters: { binary_data_size: tensor.byteLength } },
    ],
    outputs: config.output.map(({ name }) => ({ name, parameters: { binary_data: true } })),
  });
  const length = Buffer.byteLength(head);
  const headers = [
    `inference-header-content-length: ${length}`,
    `content-length: ${length + tensor.byteLength}`,
  ];
  connection.send(
    wire(ports.mine, "POST /v2/models/digits-s/infer", headers, Buffer.concat([Buffer.from(head), tensor])),
  );
  const answer = readAsClient(await connection.next());
  expect(Object.keys(answer.outputs)).toEqual(config.output.map(({ name }) => name));
  const [output] = Object.values(answer.outputs);
  expect(output?.datatype).toBe("FP32");
  expect(output?.data.length).toBe(output?.shape.reduce((product, side) => product * side));
});
