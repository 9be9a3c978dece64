import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { drillAtGateways } from "#infra/command/drill/at-gateways.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { type ConfigGateway, startConfigGateway } from "#test/support/config-gateway.ts";
import { type FakeBackend, inferAnswer, json, startFakeBackend } from "#test/support/fake-backend.ts";
import { patiently, picture } from "#test/support/gateway-process.ts";
import { type LiveRecords, type MadeKey, openLiveRecords } from "#test/support/live-records.ts";
import { repository, runTradewind } from "#test/support/run-tradewind.ts";

const stack = new AsyncDisposableStack();
let records: LiveRecords;
let near: FakeBackend;
let far: FakeBackend;
let isFarBroken = false;
let gateway: ConfigGateway;
let key: MadeKey;
let image: Buffer;
let text: string;
let traffic: Awaited<ReturnType<typeof openTraffic>>;

const good = json(200, inferAnswer);
const bad = json(500, { error: "broken" });

beforeAll(async () => {
  records = stack.use(await openLiveRecords());
  near = stack.use(await startFakeBackend());
  far = stack.use(
    await startFakeBackend({ infer: (...exchange) => (isFarBroken ? bad : good)(...exchange) }),
  );
  key = await records.key();
  image = await picture(3);
  text = `# two places, and what a person wrote beside them
models: { digits-s: { source: x } }
providers:
  a: { kind: static, urls: ["${near.url}"], usdPerHour: 1 } # close by
  b:
    kind: static
    urls: ["${far.url}"] # behind it
    usdPerHour: 2
routes:
  - { models: [digits-s], failover: [[a], [b]], slo: 10s, cache: off }
`;
  gateway = stack.use(await startConfigGateway({ text, env: { DATABASE_URL: records.url } }));
}, 60_000);
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  isFarBroken = false;
  traffic = openTraffic();
  await expect.poll(() => traffic.answered(), patiently).toBeGreaterThan(20);
});
afterEach(() => traffic.stop());

/** A few who ask one after the other for as long as it is open. */
function openTraffic() {
  let isOpen = true;
  const failures: string[] = [];
  let answered = 0;
  const flow = async (): Promise<void> => {
    while (isOpen) {
      const reply = await gateway.ask("/v1/models/digits-s/detect", { key: key.text, body: image });
      if (reply.status === 200) answered += 1;
      else failures.push(`${reply.status} ${reply.text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const flows = Promise.all([flow(), flow(), flow()]);
  const stop = async (): Promise<void> => {
    isOpen = false;
    await flows;
  };
  return { failures, answered: () => answered, stop };
}

const env = () => ({ DATABASE_URL: records.url });
const drill = (...args: string[]) => runTradewind(["drill", "--lose", "a", ...args], env());
const newest = async () =>
  String((await records.rows("SELECT text FROM configurations ORDER BY version DESC LIMIT 1"))[0]?.text);
const infers = ({ requests }: FakeBackend) => requests.filter(({ method }) => method === "POST").length;

/** Whether some of the next requests go there again, as before. */
async function answersAgain(backend: FakeBackend): Promise<boolean> {
  const [before, answered] = [infers(backend), traffic.answered()];
  await expect.poll(() => traffic.answered(), patiently).toBeGreaterThan(answered + 15);
  return infers(backend) > before;
}

test("a drill takes a provider away while requests go on, loses none of them, tells what it cost and gives it back", async () => {
  const before = infers(far);
  const { code, stdout, stderr } = await drill("--for", "3s", "--before", "2s", "--max-miss", "5%");
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^watching for 2 s as it is$/m);
  expect(stdout).toMatch(/^lost: nothing is sent there any more$/m);
  expect(stdout).toMatch(/^given back$/m);
  expect(stdout).toMatch(/^without a, held: [1-9]\d* requests, 0 missed \(0\.000%\), \$-?\d\S* more$/m);
  expect(code).toBe(0);
  expect(infers(far) - before).toBeGreaterThan(20);
  await expect.poll(() => answersAgain(near), patiently).toBe(true);
  expect(traffic.failures).toEqual([]);
  expect(await newest()).toBe(text);
  const notes = await records.rows("SELECT note FROM configurations ORDER BY version DESC LIMIT 2");
  expect(notes.map(({ note }) => note)).toEqual(["drill: a is back", "drill: a is lost"]);
});

test("at the limit a drill gives itself up, with exit code 1 and the misses in its report", async () => {
  isFarBroken = true;
  const began = performance.now();
  const { code, stdout } = await drill("--for", "5m", "--before", "1s", "--max-miss", "0.1%", "--json");
  expect(code).toBe(1);
  expect(performance.now() - began).toBeLessThan(60_000);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ lost: "a", ended: "at the limit", max_miss: 0.001 });
  expect(report.missed).toBeGreaterThan(0);
  await expect.poll(() => answersAgain(near), patiently).toBe(true);
  expect(await newest()).toBe(text);
});

test("a drill that saw too few requests to judge its limit by has not held, and says how many it takes", async () => {
  const { code, stdout } = await drill("--for", "1s", "--before", "100ms", "--max-miss", "0.001%");
  expect(stdout).toMatch(
    /^without a, inconclusive: it takes 100000 requests to judge 0\.001% by: \d+ requests, 0 missed/m,
  );
  expect(code).toBe(1);
});

test("a drill of a provider that is frozen is refused, by its name or with all others, dry too", async () => {
  const before = await newest();
  for (const frozen of [["a"], []]) {
    await runTradewind(["freeze", ...frozen, "--why", "the sale"], env());
    for (const dry of [[], ["--dry-run"]]) {
      const { code, stdout, stderr } = await drill("--before", "100ms", "--for", "1s", ...dry);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(
        /^tradewind drill: (a|the fleet) is frozen by .*: the sale: tradewind freeze --off/,
      );
    }
    await runTradewind(["freeze", "--off", ...frozen], env());
  }
  expect(await newest()).toBe(before);
});

test("a provider that is frozen while a drill still watches is not taken away any more", async () => {
  const before = await newest();
  await using database = await openDatabase({ url: records.url });
  const { lose, restore } = drillAtGateways(database, {
    provider: "a",
    models: new Set(["digits-s"]),
    clock: systemClock,
  });
  await runTradewind(["freeze", "a", "--why", "the sale"], env());
  await expect(lose(new Date(Date.now() + 60_000))).rejects.toMatchObject({ code: "fleet_frozen" });
  await restore();
  await runTradewind(["freeze", "--off", "a"], env());
  expect(await newest()).toBe(before);
});

test("a drill counts what is asked of the provider's own routes alone", async () => {
  await using database = await openDatabase({ url: records.url });
  const at = (model: string) =>
    drillAtGateways(database, { provider: "a", models: new Set([model]), clock: systemClock }).totals();
  await expect.poll(async () => (await at("digits-s")).requests, patiently).toBeGreaterThan(0);
  expect(await at("another")).toEqual({ requests: 0, missed: 0, failed: 0, usd: 0 });
});

test("a drill that is killed is ended by the gateways themselves", async () => {
  const args = ["drill", "--lose", "a", "--for", "2s", "--before", "1s"];
  const child = spawn(process.execPath, [join(repository, "infra/main.ts"), ...args], {
    env: { ...process.env, ...env() },
    stdio: "ignore",
  });
  const ended = once(child, "close");
  await expect.poll(newest, patiently).toMatch(/refuseUntil/);
  child.kill("SIGKILL");
  await ended;
  await expect.poll(() => answersAgain(near), patiently).toBe(false);
  await expect.poll(() => answersAgain(near), { timeout: 20_000 }).toBe(true);
  expect(await newest()).toMatch(/refuseUntil/);
  expect(traffic.failures).toEqual([]);
});

test("a dry drill says what it would publish and who would answer, and a wrong one what is wrong", async () => {
  const before = await newest();
  const { code, stdout } = await drill("--dry-run");
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/would publish version \d+ with providers\.a\.refuseUntil/),
  ]);
  expect(stdout).toMatch(/^digits-s: b would answer$/m);
  expect(await newest()).toBe(before);
  expect((await runTradewind(["drill"], env())).code).toBe(2);
  const nowhere = await runTradewind(["drill", "--lose", "nowhere"], env());
  expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringMatching(/"nowhere" is not declared/)]);
});
