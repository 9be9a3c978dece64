import { afterAll, beforeAll, expect, test } from "vitest";
import { countAgreement, countOutcome, noFacts } from "#gateway/agreement/trial-facts.ts";
import { publishConfiguration } from "#gateway/records/configurations.ts";
import { forgetTrials, trialsInPostgres } from "#gateway/records/trials.ts";
import { type Finding, findingsOfStep } from "#gateway/trials/trials-store.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

let records: MigratedPostgres;
beforeAll(async () => {
  records = await startMigratedPostgres();
});
afterAll(() => records?.[Symbol.asyncDispose]());

const within = () => ({ signal: AbortSignal.timeout(20_000) });

function finding(model: string, times: number, more: Partial<Finding> = {}): Finding {
  const facts = noFacts();
  for (let n = 0; n < times; n += 1) {
    countOutcome(facts, { ms: 10 + (n % 7), usd: 1e-6 });
    countAgreement(facts, 0.99);
  }
  const names = {
    backend: "new",
    step: "shadow new",
    version: "1",
    state: "agrees",
    why: "so it is",
  } as const;
  return { ...names, model, facts, isBarred: false, ...more };
}

const readOf = async (model: string) =>
  (await trialsInPostgres(records.database).read(within())).filter((one) => one.model === model);

test("what gateways found is added up, and each of them replaces its own words alone", async () => {
  const store = trialsInPostgres(records.database);
  await store.write("g1", [finding("sum", 5)], within());
  await store.write(
    "g2",
    [finding("sum", 3, { state: "drifts", isBarred: true }), finding("other", 1)],
    within(),
  );
  await store.write("g1", [finding("sum", 7)], within());
  await store.write("g1", [], within());
  const [merged, ...more] = findingsOfStep(await readOf("sum"), { model: "sum", step: "shadow new" });
  expect(more).toEqual([]);
  expect(merged).toMatchObject({ state: "drifts", isBarred: true, facts: { asked: 10, compared: 10 } });
  expect(merged?.facts.latency.quantile(0.5)).toBeCloseTo(12, 0);
});

test("many gateways that write at once lose nothing", async () => {
  const store = trialsInPostgres(records.database);
  const gateways = Array.from({ length: 12 }, (_, n) => `racing ${n}`);
  await Promise.all(gateways.map((gateway) => store.write(gateway, [finding("raced", 2)], within())));
  const [merged] = findingsOfStep(await readOf("raced"), { model: "raced", step: "shadow new" });
  expect(merged?.facts.asked).toBe(24);
});

test("names and reasons with characters that PostgreSQL does not take are kept without them", async () => {
  const odd = finding("odd", 1, { why: `a\u0000b${"c".repeat(1_000)}`, backend: "\ud800x" });
  await trialsInPostgres(records.database).write("g1", [odd], within());
  const [read] = await readOf("odd");
  expect(read?.why).toMatch(/^abc{254}$/);
});

test("rows that another version wrote in other words, and those of a week ago, are left out", async () => {
  const store = trialsInPostgres(records.database);
  await store.write("g1", [finding("old", 1)], within());
  await store.write("g2", [finding("old", 1)], within());
  await store.write("g3", [finding("old", 1)], within());
  const { query } = records.database;
  await query("UPDATE trial_findings SET facts = '{\"asked\": -1}' WHERE model = 'old' AND gateway = 'g1'");
  await query(
    "UPDATE trial_findings SET at = now() - interval '8 days' WHERE model = 'old' AND gateway = 'g2'",
  );
  expect(await readOf("old")).toHaveLength(1);
  await store.write("g4", [], within());
  expect(await query("SELECT 1 FROM trial_findings WHERE model = 'old'")).toHaveLength(2);
});

test("another step of a trial begins without what the gateways wrote before", async () => {
  await trialsInPostgres(records.database).write("g1", [finding("gone", 1), finding("stays", 1)], within());
  await forgetTrials(records.database.query, ["gone", "unheard"]);
  expect([(await readOf("gone")).length, (await readOf("stays")).length]).toEqual([0, 1]);
});

test("a shadow with enough to speak for it is shifted without force, a step at a time, and the history says so", async () => {
  const { postgres, database } = records;
  const command = (...args: string[]) => runTradewind(args, { DATABASE_URL: postgres.url });
  expect((await command("status")).stderr).toMatch(/no configuration was published yet/);
  const text = `models: { ready: { source: x } }
providers:
  old: { kind: static, urls: [http://a] } # as ever
  new: { kind: static, urls: [http://b] }
routes:
  - models: [ready]
    failover: [[old]]
    shadow: { provider: new, share: 10% }
`;
  await publishConfiguration(database, { text, source: "admin", actor: { id: "test" } }, within());
  const old = finding("ready", 3_000, { backend: "old" });
  await trialsInPostgres(database).write("g1", [old, finding("ready", 3_000)], within());
  expect((await command("status")).stdout).toMatch(/new, shadow with copies of 10%: advance/);
  expect(await command("shift", "ready", "new", "1%")).toMatchObject({
    code: 0,
    stdout: "1% of ready goes to new: version 2\n",
  });
  expect(await readOf("ready")).toEqual([]);
  expect((await command("shift", "ready", "new", "10%")).stderr).toMatch(/ready: hold, since 0 of 0 failed/);
  expect(await command("shift", "ready", "new", "1%")).toMatchObject({
    code: 0,
    stdout: "1% of ready goes to new: version 2 already\n",
  });
  const diff = await command("config", "diff");
  expect(diff.stdout).toMatch(/^- {4}shadow: \{ provider: new, share: 10% \}$/m);
  expect(diff.stdout).toMatch(/^\+ {4}canary: \{ provider: new, share: 1% \}$/m);
  expect((await command("config", "history")).stdout).toMatch(/shift ready new 1%/);
});
