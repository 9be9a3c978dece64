import { afterAll, beforeAll, expect, test } from "vitest";
import { decisionsAnswer } from "#gateway/document/ledger-routes.ts";
import { type ConfigGateway, startConfigGateway } from "#test/support/config-gateway.ts";
import { startFakeBackend } from "#test/support/fake-backend.ts";
import { patiently, picture } from "#test/support/gateway-process.ts";
import { configText } from "#test/support/live-fleet.ts";
import { type LiveRecords, type MadeKey, openLiveRecords } from "#test/support/live-records.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

const stack = new AsyncDisposableStack();
let records: LiveRecords;
let gateway: ConfigGateway;
let key: MadeKey;

beforeAll(async () => {
  records = stack.use(await openLiveRecords());
  const [first, second] = [stack.use(await startFakeBackend()), stack.use(await startFakeBackend())];
  key = await records.key({ scopes: ["infer", "admin", "explain"] });
  const routes = [{ models: ["digits-s"], failover: [["cheap"], ["dear"]], objective: "balanced" }];
  const dear = { urls: [second.url], usdPerRequest: 0.001 };
  const text = configText({ cheap: first.url, dear }, { routes });
  gateway = stack.use(await startConfigGateway({ text, env: { DATABASE_URL: records.url } }));
});
afterAll(() => stack.disposeAsync());

const tradewind = (...args: string[]) => runTradewind(args, { DATABASE_URL: records.url });

async function detect(requestId: string, query = "") {
  const headers = { "x-request-id": requestId };
  const body = await picture(3);
  const { status, headers: told } = await gateway.ask(`/v1/models/digits-s/detect${query}`, {
    ...{ key: key.text, body, headers: { ...headers, "cache-control": "no-store" } },
  });
  return { status, decision: told.get("tradewind-decision") };
}

test("a request is explained from the database and by its gateway, and both tell the same", async () => {
  const { status, decision } = await detect("explained-1");
  expect(status).toBe(200);
  expect(decision).toMatch(/^cheap;why="/);
  const fromGateway = await tradewind("explain", "explained-1", "--url", gateway.url, "--key", key.text);
  expect(fromGateway.code, fromGateway.stderr).toBe(0);
  expect(fromGateway.stdout).toContain("cheap answered after");
  await expect
    .poll(async () => (await tradewind("explain", "explained-1")).stdout, patiently)
    .toBe(fromGateway.stdout);
  const asJson = await tradewind("explain", "explained-1", "--json");
  const { decisions } = decisionsAnswer.parse({ kept_by: "fleet", decisions: JSON.parse(asJson.stdout) });
  expect(decisions).toMatchObject([{ request_id: "explained-1", outcome: { answered_by: "cheap" } }]);
  const backends = decisions[0]?.candidates.map(({ backend }) => backend);
  expect(backends?.sort()).toEqual(["cheap", "dear"]);
});

test("what was asked for instead of the route's objective stands in the explanation", async () => {
  expect(await detect("explained-2", "?objective=cost")).toMatchObject({ status: 200 });
  expect((await detect("explained-3", "?objective=latency")).status).toBe(403);
  const told = await tradewind("explain", "explained-2", "--url", gateway.url, "--key", key.text);
  expect(told.stdout).toContain("objective cost");
});

test("the command of the ledger sums up what the gateways wrote", async () => {
  expect((await detect("explained-4")).status).toBe(200);
  await expect
    .poll(async () => (await tradewind("ledger", "--by", "backend")).stdout, patiently)
    .toMatch(/^cheap +[1-9]/m);
});

test("a request that nobody kept is told to be unknown", async () => {
  const { code, stderr } = await tradewind("explain", "never-there");
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("never-there") });
});
