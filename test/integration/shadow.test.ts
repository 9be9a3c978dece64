import { afterAll, beforeAll, expect, test } from "vitest";
import { type ConfigGateway, startConfigGateway } from "#test/support/config-gateway.ts";
import { patiently, picture } from "#test/support/gateway-process.ts";
import { type LiveRecords, type MadeKey, openLiveRecords } from "#test/support/live-records.ts";
import {
  type ProgrammableBackend,
  startProgrammableBackends,
} from "#test/support/programmable-backend/launch.ts";
import { rightBoxes } from "#test/support/programmable-backend/wire.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

type Trial = {
  readonly model: string;
  readonly candidates: readonly Readonly<Record<string, unknown>>[];
  readonly incumbents: readonly Readonly<Record<string, unknown>>[];
  readonly drifting: readonly { readonly backend: string; readonly is_barred: boolean }[];
};

const stack = new AsyncDisposableStack();
let records: LiveRecords;
let backends: readonly ProgrammableBackend[];
let gateway: ConfigGateway;
let key: MadeKey;
let image: Buffer;

const quick = { latency: { law: "constant", ms: 1 } } as const;

/** Each model has a route of its own over the same backends, so that one gateway serves all tests. */
beforeAll(async () => {
  records = stack.use(await openLiveRecords());
  backends = await startProgrammableBackends(5);
  for (const backend of backends) stack.use(backend);
  await Promise.all(backends.map((backend) => backend.behave(quick)));
  key = await records.key({ scopes: ["infer", "usage", "metrics", "admin"] });
  image = await picture(7);
  gateway = stack.use(
    await startConfigGateway({ text: configuration(), env: { DATABASE_URL: records.url } }),
  );
});
afterAll(() => stack.disposeAsync());

function configuration(): string {
  const [a, b, wrong, shadow, next] = backends.map(({ url }) => ({ kind: "static", urls: [url] }));
  const routes = [
    { models: ["peers"], failover: [["a", "b", "wrong"]], agreement: { share: "100%", eject: true } },
    { models: ["dear"], failover: [["a"]], shadow: { provider: "shadow", share: "100%", usdPerHour: 0.6 } },
    { models: ["moving"], failover: [["a"]], shadow: { provider: "next", share: "100%" } },
  ];
  return JSON.stringify({
    models: { peers: { source: "x" }, dear: { source: "x" }, moving: { source: "x" } },
    providers: { a, b, wrong, next, shadow: { ...shadow, billing: "request", usdPerRequest: 0.01 } },
    routes: routes.map((route) => ({ ...route, slo: "5s", hedge: "off", cache: "off" })),
  });
}

type Answer = { readonly status: number; readonly x1: number | undefined; readonly ms: number };

async function ask(model: string): Promise<Answer> {
  const reply = await gateway.ask(`/v1/models/${model}/detect`, { key: key.text, body: image });
  const { status, json, ms } = reply;
  const [found] = (json.detections ?? []) as { readonly box: { readonly x1: number } }[];
  return { status, x1: found?.box.x1, ms };
}

/** So many one after the other, on some lines at once. */
async function askMany(model: string, count: number, lines = 4): Promise<Answer[]> {
  const answers: Answer[] = [];
  const line = async (): Promise<void> => {
    for (let n = 0; n < count / lines; n += 1) answers.push(await ask(model));
  };
  await Promise.all(Array.from({ length: lines }, line));
  return answers;
}

async function trialOf(model: string): Promise<Trial | undefined> {
  const { json } = await gateway.ask("/v1/admin/trials", { key: key.text });
  return (json.trials as readonly Trial[]).find((one) => one.model === model);
}

const metric = async (line: string): Promise<string | undefined> =>
  (await gateway.ask("/metrics", { key: key.text })).text.split("\n").find((one) => one.startsWith(line));

const asked = async (place: number): Promise<number> => (await backends[place]?.counters())?.requests ?? -1;

const command = (...args: string[]) => runTradewind(args, { DATABASE_URL: records.url });

const right = rightBoxes[0];

test("a backend whose answers are elsewhere than its peers' is flagged, taken out of choice, and comes back well", async () => {
  const wrong = backends[2];
  await wrong?.behave({ ...quick, answers: "shifted" });
  const drifting = async () => (await trialOf("peers"))?.drifting;
  const all: Answer[] = [];
  await expect
    .poll(
      async () => {
        all.push(...(await askMany("peers", 40)));
        return await drifting();
      },
      { timeout: 60_000 },
    )
    .toMatchObject([{ backend: "wrong", is_barred: true }]);
  expect(all.every(({ status }) => status === 200)).toBe(true);
  expect(await metric('tradewind_backend_drifts{model="peers",backend="wrong"}')).toMatch(/ 1$/);
  expect(await metric('tradewind_answers_agreement{model="peers",backend="wrong"}')).toMatch(/ 0(\.\d+)?$/);
  expect(gateway.said()).toMatch(/answers of a backend differ from those of its peers/);
  const after = await askMany("peers", 60);
  expect(new Set(after.map(({ x1 }) => x1))).toEqual(new Set([right]));
  await wrong?.behave(quick);
  await wrong?.forget();
  await expect
    .poll(
      async () => {
        await askMany("peers", 60);
        return await drifting();
      },
      { timeout: 60_000 },
    )
    .toEqual([]);
  expect(await asked(2)).toBeGreaterThan(50);
});

test("a shadow gets copies within its budget, and nothing of it reaches a caller", async () => {
  await backends[3]?.behave({ ...quick, answers: "shifted" });
  await backends[3]?.forget();
  const answers = await askMany("dear", 60);
  await expect.poll(() => asked(3), patiently).toBeGreaterThan(0);
  answers.push(...(await askMany("dear", 60)));
  expect(new Set(answers.map(({ x1 }) => x1))).toEqual(new Set([right]));
  // Of 60 cents an hour no minute takes more than 4, and the test may begin in one and end in the next.
  expect(await asked(3)).toBeLessThanOrEqual(8);
  await backends[3]?.behave({ ...quick, answers: "never" });
  const slow = await askMany("dear", 20);
  expect(slow.every(({ status, ms }) => status === 200 && ms < 4_000)).toBe(true);
  const ledger = async () => {
    const { json } = await gateway.ask("/v1/admin/ledger?group_by=backend&model=dear", { key: key.text });
    const lines = json.lines as readonly { name: string; beside_usd: { shadow: number } }[];
    return lines.find(({ name }) => name === "shadow")?.beside_usd.shadow;
  };
  await expect.poll(ledger, patiently).toBeGreaterThanOrEqual(0.02);
  const { candidates } = (await trialOf("dear")) ?? {};
  expect(candidates).toMatchObject([{ backend: "shadow", kind: "shadow", agreement: 0 }]);
});

test("status tells how a shadow does, and shift moves it to a canary, to all requests and back", async () => {
  await askMany("moving", 60);
  const seen = async () => (await trialOf("moving"))?.candidates[0]?.samples;
  await expect.poll(seen, patiently).toBeGreaterThan(20);
  const status = await command("status");
  expect(status).toMatchObject({ code: 0, stderr: "" });
  expect(status.stdout).toMatch(/backend +agreement +p50 +p99 +\$ per 1M +errors +samples/);
  expect(status.stdout).toMatch(/next +1\.000 .* 0\.00 % +\d\d/);
  expect(status.stdout).toMatch(/next, shadow with copies of 100%: hold \(.*too few/);
  const atGateway = await command("status", "--url", gateway.url, "--key", key.text, "--json");
  expect(JSON.parse(atGateway.stdout)).toMatchObject({ kept_by: "fleet" });

  const refused = await command("shift", "moving", "next", "10%");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/moving: hold, since .*--force does it all the same/);
  const forced = await command("shift", "moving", "next", "10%", "--force");
  expect(forced).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/10% of moving goes to next: version 2/),
  });
  const kind = async () => (await trialOf("moving"))?.candidates[0]?.kind;
  await expect.poll(kind, patiently).toBe("canary");
  await backends[4]?.forget();
  await askMany("moving", 200);
  const got = await asked(4);
  expect(got).toBeGreaterThan(5);
  expect(got).toBeLessThan(60);

  const all = await command(
    "shift",
    "moving",
    "next",
    "100%",
    "--force",
    "--url",
    gateway.url,
    "--key",
    key.text,
  );
  expect(all).toMatchObject({ code: 0, stdout: expect.stringMatching(/first group of moving/) });
  await backends[4]?.forget();
  await askMany("moving", 40);
  expect(await asked(4)).toBe(40);
  expect((await command("config", "rollback")).code).toBe(0);
  await expect.poll(kind, patiently).toBe("canary");
  const none = await command("shift", "moving", "next", "0%");
  expect(none).toMatchObject({ code: 0, stdout: expect.stringMatching(/no longer tried for moving/) });
  await expect.poll(() => trialOf("moving"), patiently).toBe(undefined);
});

test("shift says what is wrong with what it is asked", async () => {
  const said = async (...args: string[]) => (await command("shift", ...args)).stderr;
  expect(await said("moving", "next")).toMatch(/expected: tradewind shift MODEL PROVIDER/);
  expect(await said("moving", "next", "lots")).toMatch(/SHARE: expected one from 0% to 100%/);
  expect(await said("unheard", "next", "1%")).toMatch(/no route has the model "unheard"/);
  expect(await said("moving", "nobody", "1%")).toMatch(/provider "nobody" is not declared/);
  expect(await said("moving", "a", "1%")).toMatch(/"a" answers for moving as a rule already/);
});
