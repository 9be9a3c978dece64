import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import { createCallVerifier, signatureHeader, signCall } from "#infra/runtime/signed-call.ts";
import { writeColourModel } from "#test/support/colour-model.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { openTestServer, type TestServer } from "#test/support/inference-server.ts";

const secret = "the secret of this test";
const clock = createFakeClock();
let server: TestServer;
let image: Buffer;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "signed-"));
  stack.defer(() => rm(folder, { recursive: true }));
  await writeColourModel(join(folder, "colours", "1", "model.onnx"));
  const calls = createCallVerifier({ secrets: [secret], now: clock.now });
  server = stack.use(await openTestServer(folder, { calls, control: { mode: "explicit", load: "all" } }));
  const red = { width: 32, height: 32, channels: 3, background: "#ff0000" } as const;
  image = await sharp({ create: red }).png().toBuffer();
});
afterAll(() => stack.disposeAsync());

let calls = 0;

type Call = { readonly method: string; readonly path: string; readonly body?: Buffer };

/** Headers of a signed call; `as` is what was signed in its place. */
function signed(call: Call, as: Partial<Call> = {}): Record<string, string> {
  calls += 1;
  const signing = { secret, moment: clock.now(), nonce: `call-${String(calls).padStart(16, "0")}` };
  return {
    "inference-header-content-length": "0",
    [signatureHeader]: signCall({ body: undefined, ...call, ...as }, signing),
  };
}

async function ask({ method, path, body }: Call, headers: Record<string, string>) {
  const init = body ? { method, headers, body: new Uint8Array(body) } : { method, headers };
  const response = await server.app.request(path, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const routes: readonly (readonly [string, string, number])[] = [
  ["GET", "/v2", 200],
  ["GET", "/v2/", 200],
  ["GET", "/metrics", 200],
  ["GET", "/v2/models", 200],
  ["GET", "/v2/models/colours", 200],
  ["GET", "/v2/models/colours/ready", 200],
  ["GET", "/v2/models/colours/versions/1/config?x=%20", 200],
  ["GET", "/v2/models/stats", 200],
  ["POST", "/v2/repository/index", 200],
  ["POST", "/v2/repository/models/colours/load", 200],
  ["GET", "/v2/logging", 200],
  ["POST", "/v2/trace/setting", 200],
  ["GET", "/v2/health/ready/", 404],
  ["GET", "/v2/health", 404],
  ["DELETE", "/v2/models", 405],
  ["GET", "/elsewhere", 404],
];

test.each(routes)(
  "%s %s is answered where it is signed, and to a stranger nothing is said",
  async (method, path, status) => {
    const stranger = await ask({ method, path }, {});
    expect(stranger.status).toBe(401);
    expect(JSON.parse(stranger.text)).toEqual({ error: "only signed calls are let in here" });
    expect(stranger.headers.get("tradewind-error")).toBe("key_missing");
    const other = await ask({ method, path }, signed({ method, path }, { path: `${path}?` }));
    expect([other.status, other.headers.get("tradewind-error")]).toEqual([401, "key_invalid"]);
    expect((await ask({ method, path }, signed({ method, path }))).status).toBe(status);
  },
);

test.each(["/v2/health/live", "/v2/health/ready"])("%s is open to whoever looks", async (path) => {
  expect((await ask({ method: "GET", path }, {})).status).toBe(200);
});

const infer = { method: "POST", path: "/v2/models/colours/infer" };

test("a body is only read as the one that was signed, on each way into the server", async () => {
  const call = { ...infer, body: image };
  expect((await ask(call, signed(call))).status).toBe(200);
  const other = Buffer.from(image);
  other[other.length - 5] = (other[other.length - 5] ?? 0) ^ 1;
  expect((await ask({ ...infer, body: other }, signed(call))).status).toBe(401);
  const load = { method: "POST", path: "/v2/repository/models/colours/load", body: Buffer.from("{}") };
  expect((await ask(load, signed(load))).status).toBe(200);
  const changed = { ...load, body: Buffer.from('{"parameters":{}}') };
  expect((await ask(changed, signed(load))).status).toBe(401);
  const { body: _, ...emptied } = load;
  expect((await ask(emptied, signed(load))).status).toBe(401);
});

test("behind a socket an image is let in by its signature too, once, and a stranger's is not even read", async () => {
  const { app, hot } = server;
  await using door = await openHttpServer({ fetch: app.fetch, hot, host: "127.0.0.1", port: 0 });
  const send = async (headers: Record<string, string>, body = image) => {
    const response = await fetch(door.url + infer.path, {
      method: "POST",
      headers,
      body: new Uint8Array(body),
    });
    return `${response.status} ${response.headers.get("tradewind-error") ?? ""}`;
  };
  const headers = signed({ ...infer, body: image });
  expect(await send(headers)).toBe("200 ");
  expect(await send(headers)).toBe("401 key_invalid");
  expect(await send({})).toBe("401 key_missing");
  expect(await send(signed({ ...infer, body: image }), Buffer.concat([image, image]))).toBe(
    "401 key_invalid",
  );
  expect(await send(signed({ ...infer, path: `${infer.path}?a`, body: image }))).toBe("401 key_invalid");
  const mine = signed({ method: "GET", path: "/v2/models/%63olours" });
  const escaped = await fetch(`${door.url}/v2/models/%63olours`, { headers: mine });
  expect(escaped.status).toBe(200);
});

test("a call that waited too long on its way is not let in", async () => {
  const headers = signed({ ...infer, body: image });
  clock.advance(60_001);
  expect((await ask({ ...infer, body: image }, headers)).text).toContain("not of this moment");
});
