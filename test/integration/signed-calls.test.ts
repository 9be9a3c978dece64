import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signCall } from "#infra/runtime/signed-call.ts";
import { type BackendProcess, startBackend, startBackendIn } from "#test/support/backend-process.ts";
import {
  type GatewayProcess,
  keysYaml,
  makeFileKey,
  patiently,
  startGateway,
} from "#test/support/gateway-process.ts";
import { exchange, requestBytes } from "#test/support/raw-http.ts";
import { repository } from "#test/support/run-tradewind.ts";

const secret = "the secret of this run and no other";
const models = join(repository, "inference/models/demo");
const stack = new AsyncDisposableStack();
const key = makeFileKey({ scopes: ["infer", "metrics"] });
let backend: BackendProcess;
let image: Buffer;

beforeAll(async () => {
  image = await readFile(join(models, "sample.jpg"));
  const env = {
    TRADEWIND_CALL_SECRET: `${secret},the one before it`,
    TRADEWIND_MODELS: models,
    TRADEWIND_DEPLOYMENT: "rollout-7",
  };
  backend = stack.use(await startBackendIn({ env }, "--signed-calls", "--workers", "1"));
});
afterAll(() => stack.disposeAsync());

/** A gateway over the backend, which signs by what its environment says, or does not sign. */
function startOver(
  env: Readonly<Record<string, string>>,
  settings: object = { sign },
  workers = 1,
): Promise<GatewayProcess> {
  const providers = { there: { kind: "static", urls: [backend.url], ...settings } };
  const routes = [{ models: ["digits-s"], failover: [["there"]], cache: "off" }];
  return startGateway({
    config: { providers, routes, records: "file", workers },
    backend: backend.url,
    keys: keysYaml([key]),
    env,
  });
}

const sign = { secret: { env: "TRADEWIND_CALL_SECRET" } };

const detect = (gateway: GatewayProcess) =>
  gateway.ask("/v1/models/digits-s/detect", { key: key.text, body: image });

test("a backend that lets in signed calls alone answers a gateway that signs, on each of its ways", async () => {
  await using gateway = await startOver({ TRADEWIND_CALL_SECRET: secret });
  const answers = await Promise.all(Array.from({ length: 20 }, () => detect(gateway)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(answers[0]?.json.detections).not.toEqual([]);
  const config = await gateway.ask("/v2/models/digits-s/config", { key: key.text });
  expect([config.status, config.json.name]).toEqual([200, "digits-s"]);
  expect(gateway.said()).not.toContain(secret);
  expect(backend.said()).not.toContain(secret);
});

test("a backend says in its log of which deployment it is a part", () => {
  expect(backend.said()).toContain('"deployment":"rollout-7"');
});

test("each of a gateway's workers has the secret from the environment of all", async () => {
  await using gateway = await startOver({ TRADEWIND_CALL_SECRET: secret }, { sign }, 2);
  const answers = await Promise.all(Array.from({ length: 12 }, () => detect(gateway)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
});

test("a gateway that signs by the last secret is let in while the new one is being handed out", async () => {
  await using gateway = await startOver({ TRADEWIND_CALL_SECRET: "the one before it" });
  await expect.poll(async () => (await detect(gateway)).status, patiently).toBe(200);
});

test.each([
  ["does not sign", {}, {}],
  ["signs by another secret", { TRADEWIND_CALL_SECRET: "a secret of somebody else" }, { sign }],
])("a gateway that %s is answered nothing", async (_, env, settings) => {
  await using gateway = await startOver(env, settings);
  const answer = await detect(gateway);
  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect(answer.text).not.toContain("signature");
});

test("a gateway whose secret is missing does not start, and says which variable to set", async () => {
  const why = await startOver({}).then(String, (error: Error) => String(error.cause));
  expect(why).toContain("the variable TRADEWIND_CALL_SECRET holds no secret");
});

const path = "/v2/models/digits-s/infer";

/** An image as its own body, which is what a head of no bytes means. */
function imageRequest(header: string | undefined, body = image): Buffer {
  const headers = {
    "inference-header-content-length": "0",
    connection: "close",
    ...(header !== undefined && { "tradewind-signature": header }),
  };
  return requestBytes(`POST ${path}`, { headers, body });
}

test("a call that somebody overheard, changed or made up is refused, and the backend goes on", async () => {
  const header = signCall(
    { method: "POST", path, body: image },
    { secret, moment: Date.now(), nonce: "overheard-00000001" },
  );
  const statusOf = async (bytes: Buffer) => (await exchange(backend.port, bytes)).status;
  expect(await statusOf(imageRequest(header))).toBe(200);
  expect(await statusOf(imageRequest(header))).toBe(401);
  expect(await statusOf(imageRequest(undefined))).toBe(401);
  const old = signCall(
    { method: "POST", path, body: image },
    { secret, moment: Date.now() - 61_000, nonce: "overheard-00000002" },
  );
  expect(await statusOf(imageRequest(old))).toBe(401);
  const other = signCall(
    { method: "POST", path, body: image },
    { secret, moment: Date.now(), nonce: "overheard-00000003" },
  );
  expect(await statusOf(imageRequest(other, Buffer.concat([image, image])))).toBe(401);
  for (const open of ["/v2/health/live", "/v2/health/ready"])
    expect((await fetch(backend.url + open)).status).toBe(200);
  for (const shut of ["/metrics", "/v2", "/v2/models", "/v2/repository/index"])
    expect((await fetch(backend.url + shut)).status).toBe(401);
});

test.each([
  ["no secret", {}],
  ["a secret that is too short", { TRADEWIND_CALL_SECRET: "short" }],
])("a backend that is to let in signed calls alone and has %s does not start", async (_, env) => {
  const starting = startBackendIn({ env }, "--signed-calls", "--models", models);
  const why = await starting.then(String, (error: Error) => String(error.cause));
  expect(why).toContain("TRADEWIND_CALL_SECRET holds no secret");
});

test("a backend that is told nowhere of its models says how to tell it", async () => {
  await expect(startBackend()).rejects.toThrow();
});
