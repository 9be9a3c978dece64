import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { digestOf } from "#gateway/records/configurations.ts";
import { type ConfigGateway, startConfigGateway } from "#test/support/config-gateway.ts";
import { type FakeBackend, inferAnswer, json, startFakeBackend } from "#test/support/fake-backend.ts";
import { keysYaml, makeFileKey, patiently, picture } from "#test/support/gateway-process.ts";
import { configText } from "#test/support/live-fleet.ts";
import { type LiveRecords, type MadeKey, openLiveRecords } from "#test/support/live-records.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { seededRandom } from "#test/support/random.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

let records: LiveRecords;
let backends: FakeBackend[];
let patient: PatientBackend;
let gateways: [ConfigGateway, ConfigGateway];
let key: MadeKey;
let image: Buffer;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  records = stack.use(await openLiveRecords());
  patient = stack.use(await startPatientBackend());
  backends = [];
  for (let n = 0; n < 3; n += 1) backends.push(stack.use(await startFakeBackend({ infer: answerOf(n) })));
  key = await records.key({ scopes: ["infer", "usage", "metrics", "admin"] });
  image = await picture(7);
  const open = async () =>
    stack.use(await startConfigGateway({ text: over(0), env: { DATABASE_URL: records.url } }));
  gateways = [await open(), await open()];
});
afterAll(() => stack.disposeAsync());

let rounds = 0;

/** Both begin each test on the first backend, with files that say so in a text that is new each time. */
beforeEach(async () => {
  const text = `${over(0)}${" ".repeat(++rounds)}`;
  await gateways[0].write(text);
  await expect.poll(async () => (await newest()).sha256, patiently).toBe(digestOf(text));
  await gateways[1].write(text);
  await expect.poll(() => servedBy(gateways), patiently).toEqual([0, 0]);
});

/** Where its one box stands says which backend answered. */
function answerOf(backend: number): ReturnType<typeof json> {
  const [boxes, ...rest] = inferAnswer.outputs;
  return json(200, { ...inferAnswer, outputs: [{ ...boxes, data: [backend, 20, 30, 40] }, ...rest] });
}

/** A configuration of one backend and no cache, since each answer is to come from there. */
function over(backend: number | string, more: Readonly<Record<string, unknown>> = {}): string {
  const url = typeof backend === "string" ? backend : (backends[backend]?.url ?? "");
  const routes = [{ models: ["digits-s"], failover: [["there"]], cache: "off" }];
  return configText({ there: url }, { routes, ...more });
}

async function detect(
  gateway: ConfigGateway,
  { shown = key.text, body = image } = {},
): Promise<number | string> {
  const {
    status,
    text,
    json: answer,
  } = await gateway.ask("/v1/models/digits-s/detect", { key: shown, body });
  const [found] = (answer.detections ?? []) as { readonly box: Readonly<Record<string, number>> }[];
  return status === 200 ? Number(Object.values(found?.box ?? {})[0]) : `${status} ${text}`;
}

const servedBy = (of: readonly ConfigGateway[]) => Promise.all(of.map((gateway) => detect(gateway)));
const ready = async (gateway: ConfigGateway) => (await gateway.ask("/readyz")).json;
const command = (...args: string[]) => runTradewind(["config", ...args], { DATABASE_URL: records.url });
const put = (gateway: ConfigGateway, text: string, tag: string) =>
  gateway.ask("/v1/admin/configuration", {
    method: "PUT",
    key: key.text,
    body: text,
    headers: { "content-type": "application/yaml", "if-match": tag },
  });
const newest = async () => (await gateways[0].ask("/v1/admin/configuration", { key: key.text })).json;

/** Requests at every gateway, one after the other on each of some flows, until it is stopped. */
function openRequests() {
  const answers: { readonly by: number | string; readonly endedAt: number; readonly beganAt: number }[] = [];
  let open = true;
  const flow = async (gateway: ConfigGateway): Promise<void> => {
    while (open) {
      const beganAt = performance.now();
      const by = await detect(gateway).catch(String);
      answers.push({ by, beganAt, endedAt: performance.now() });
    }
  };
  const flows = Promise.all([...gateways, ...gateways].map(flow));
  return {
    answers,
    stop: async () => {
      open = false;
      await flows;
      return answers;
    },
  };
}

test("a file that changes at one gateway is served by two within two seconds, and no request fails", async () => {
  const requests = openRequests();
  const took: number[] = [];
  for (const backend of [1, 2, 0, 1]) {
    const began = performance.now();
    await gateways[0].write(over(backend));
    await expect
      .poll(() => servedBy(gateways), { interval: 10, timeout: 10_000 })
      .toEqual([backend, backend]);
    took.push(performance.now() - began);
  }
  const answers = await requests.stop();
  expect(Math.max(...took)).toBeLessThan(2_000);
  expect(answers.filter(({ by }) => typeof by === "string")).toEqual([]);
  expect(new Set(answers.map(({ by }) => by))).toEqual(new Set([0, 1, 2]));
  expect(answers.length).toBeGreaterThan(50);
});

test("a request that waits for its backend while that one is taken away is answered by it", async () => {
  await gateways[0].write(over(patient.url));
  await expect.poll(() => servedBy(gateways), patiently).toEqual([10, 10]);
  patient.hold();
  // Other pictures than those that are asked for meanwhile: who asks for the same waits for the same answer.
  const pictures = await Promise.all([picture(8), picture(9)]);
  const waiting = gateways.map((gateway, place) => detect(gateway, { body: pictures[place] ?? image }));
  await expect.poll(() => patient.waiting(), patiently).toBe(2);
  const { version } = (await newest()) as { readonly version: number };
  await gateways[0].write(over(1));
  const versions = async () =>
    (await Promise.all(gateways.map(ready))).map((one) => one.configuration_version);
  await expect.poll(versions, patiently).toEqual([version + 1, version + 1]);
  expect(await servedBy(gateways)).toEqual([1, 1]);
  expect(patient.waiting()).toBe(2);
  patient.release();
  expect(await Promise.all(waiting)).toEqual([10, 10]);
});

test("a bad file changes nothing, and its own gateway says so in its log, a metric and its readiness", async () => {
  const [bad, other] = gateways;
  const before = await newest();
  await bad.write("models: {}\nproviders: {}\nroutes: [\n");
  await expect.poll(async () => (await ready(bad)).configuration, patiently).toBe("stale");
  const state = await bad.ask("/readyz");
  expect(state).toMatchObject({ status: 200, json: { ready: true, configuration_version: before.version } });
  expect((await bad.ask("/metrics", { key: key.text })).text).toContain("tradewind_configuration_stale 1");
  expect(bad.said()).toContain("a configuration cannot be served, so the last good one stays");
  expect((await ready(other)).configuration).toBe("current");
  expect(await newest()).toMatchObject({ version: before.version, troubles: [{ of: "file" }] });
  expect(await servedBy(gateways)).toEqual([0, 0]);
  await bad.write(over(1));
  await expect.poll(() => servedBy(gateways), patiently).toEqual([1, 1]);
  expect((await ready(bad)).configuration).toBe("current");
});

test("one command returns both gateways to the version before, and tells what was and is", async () => {
  await gateways[0].write(over(2));
  await expect.poll(() => servedBy(gateways), patiently).toEqual([2, 2]);
  const { version } = (await newest()) as { readonly version: number };
  const began = performance.now();
  expect(await command("rollback")).toMatchObject({
    code: 0,
    stdout: `version ${version - 1} is served again, as version ${version + 1}\n`,
  });
  await expect.poll(() => servedBy(gateways), { interval: 10, timeout: 10_000 }).toEqual([0, 0]);
  // The command itself is a process that has to start first.
  expect(performance.now() - began).toBeLessThan(5_000);
  const { stdout: history } = await command("history");
  const [last, one] = history.split("\n");
  expect(last).toMatch(new RegExp(`^${version + 1} .* rollback  cli:.+  as version ${version - 1}$`));
  expect(one).toMatch(new RegExp(`^${version} .* file  gateway:`));
  const { stdout: diff } = await command("diff", `${version - 1}`, `v${version}`);
  expect(diff).toContain(`--- version ${version - 1}\n+++ version ${version}\n`);
  expect(diff).toContain(`+${over(2)}`);
  expect((await command("diff", String(version - 1), String(version + 1))).stdout).toBe("");
});

test.each([
  [["rollback", "0"], '"0" is no version'],
  [["rollback", "99999"], "there is no version 99999"],
  [["rollback", "1", "2"], "expected: tradewind config rollback"],
  [["diff", "1", "2", "3"], "expected: tradewind config diff"],
  [["diff", "99999"], "there is no version 99999"],
  [["history", "all"], "expected: tradewind config history"],
  [["publish"], "expected: tradewind config publish"],
  [["publish", "/nowhere/at/all"], "cannot read /nowhere/at/all"],
  [["publish", "package.json"], "package.json has"],
])("config %s fails with a sentence", async (args, why) => {
  const { code, stderr } = await command(...args);
  expect({ code, says: stderr.includes(why) || stderr }).toEqual({ code: 1, says: true });
});

test("without DATABASE_URL the commands of history say what is missing", async () => {
  const { code, stderr } = await runTradewind(["config", "history"]);
  expect({ code, says: stderr.includes("DATABASE_URL is not set") || stderr }).toEqual({
    code: 1,
    says: true,
  });
});

test("SIGHUP takes the file as it is, also where it was rolled back", async () => {
  await gateways[0].write(over(1));
  await expect.poll(() => servedBy(gateways), patiently).toEqual([1, 1]);
  expect(await command("rollback")).toMatchObject({ code: 0 });
  await expect.poll(() => servedBy(gateways), patiently).toEqual([0, 0]);
  gateways[0].signal("SIGHUP");
  await expect.poll(() => servedBy(gateways), patiently).toEqual([1, 1]);
  expect(await newest()).toMatchObject({ source: "sighup" });
});

test("an operator publishes at one gateway's door for both, but not over what another has published", async () => {
  const { version } = (await newest()) as { readonly version: number };
  const answer = await put(gateways[1], over(2, { limits: { inFlight: 99 } }), `"${version}"`);
  expect(answer).toMatchObject({ status: 201, json: { version: version + 1, source: "admin" } });
  expect(answer.json.served).toMatchObject({ version: version + 1, waits_for_restart: ["limits"] });
  expect(await detect(gateways[1])).toBe(2);
  await expect.poll(() => detect(gateways[0]), patiently).toBe(2);
  expect((await ready(gateways[0])).configuration_waits_for_restart).toEqual(["limits"]);
  expect((await put(gateways[1], over(1), `"${version}"`)).json.code).toBe("record_exists");
  const wrong = await put(gateways[1], "speed: 1", `"${version + 1}"`);
  expect(wrong).toMatchObject({ status: 422, json: { detail: expect.stringContaining(":1:1") } });
});

test("a gateway that is killed while it publishes leaves a whole history, and comes back on the newest", async () => {
  const random = seededRandom(9);
  let gateway = await startConfigGateway({ text: over(0), env: { DATABASE_URL: records.url } });
  for (let round = 1; round <= 3; round += 1) {
    const body = over(round % 3, { cacheMemory: `${round}MiB` });
    const headers = { "content-type": "application/yaml" };
    const putting = gateway
      .ask("/v1/admin/configuration", { method: "PUT", key: key.text, body, headers })
      .catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, 25)));
    gateway.signal("SIGKILL");
    await putting;
    gateway = await gateway.again();
  }
  await using last = gateway;
  const rows = await records.rows("SELECT version::int, sha256, text FROM configurations ORDER BY version");
  expect(rows.map(({ version }) => version)).toEqual(rows.map((_, place) => place + 1));
  expect(rows.filter(({ text, sha256 }) => digestOf(String(text)) !== sha256)).toEqual([]);
  const { version } = rows.at(-1) as { readonly version: number };
  for (const one of [last, ...gateways]) {
    await expect.poll(async () => (await ready(one)).configuration_version, patiently).toBe(version);
  }
});

test("a database that is away changes nothing, and what the file said meanwhile is published when it is back", async () => {
  await records.kill();
  await gateways[0].write(over(1));
  await expect.poll(async () => (await ready(gateways[0])).configuration, patiently).toBe("stale");
  expect(await servedBy(gateways)).toEqual([0, 0]);
  await records.comeBack();
  await expect.poll(() => servedBy(gateways), { timeout: 25_000 }).toEqual([1, 1]);
});

test("a gateway of two workers and no database follows its file and SIGHUP in each of them", async () => {
  const own = makeFileKey({ scopes: ["infer", "admin"] });
  const more = { records: "file", workers: 2 };
  await using gateway = await startConfigGateway({ text: over(0, more), keys: keysYaml([own]) });
  const seen = async () => [
    ...new Set(await Promise.all(Array.from({ length: 12 }, () => detect(gateway, { shown: own.text })))),
  ];
  expect(await seen()).toEqual([0]);
  await gateway.write(over(1, more));
  await expect.poll(seen, patiently).toEqual([1]);
  await gateway.write(over(2, more));
  gateway.signal("SIGHUP");
  await expect.poll(seen, patiently).toEqual([2]);
  const refused = await gateway.ask("/v1/admin/configuration", { key: own.text });
  expect(refused).toMatchObject({
    status: 403,
    json: { detail: expect.stringContaining("change its file") },
  });
});
