import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { recordAudit } from "#gateway/records/audit.ts";
import { freeze, freezeOf, readFreezes } from "#gateway/records/freezes.ts";
import { ofTerm } from "#gateway/records/leader.ts";
import { readRollout, wish } from "#gateway/records/rollouts.ts";
import { readScalings, writeRefusal } from "#gateway/records/scaling.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { openRolloutWorld, type RolloutWorld } from "#test/support/rollout-world.ts";

let records: MigratedPostgres;
let database: Database;
let world: RolloutWorld;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const table of ["rollouts", "freezes", "trial_findings"])
    await database.query(`DELETE FROM ${table}`);
  world = await openRolloutWorld(database);
});

const actor = { id: "ann" };

/** What JSON can say and PostgreSQL's jsonb does not take: nothing as a character, and half of one. */
const odd = `nothing \u0000, half ${"x".repeat(1_990)}\u{1F600}\uD83D`;

test("whatever characters a cloud says why in, a rollout goes on and comes to its end", async () => {
  const { id } = await world.start({ providers: ["far"] });
  world.far.say({ kind: "other", name: undefined, message: odd, at: undefined });
  const rollout = await world.run(id);
  expect(rollout.outcome).toBe("done");
});

test("what is told of a call is in the audit, whatever characters it has", async () => {
  await database.transaction((query) =>
    recordAudit(query, {
      ...{ actor, action: "fleet.change", subject: "near", tenant: "default" },
      details: { request: { command: [odd] } },
    }),
  );
});

test("a refusal is remembered, whatever characters its reason has", async () => {
  const { leading } = await world.leadAnew();
  const refusal = { count: 2, until: Date.now() + 60_000, code: "provider_full", why: odd };
  await writeRefusal(ofTerm(database, leading.term), "near", refusal);
  const { refusal: read } = (await readScalings(database.query)).get("near") ?? {};
  expect(read?.why).toMatch(/^nothing , half x/);
});

test("who wants a promotion that is being made already has no gate skipped at the next provider", async () => {
  const { id } = await world.start();
  world.far.onCall = async (verb, when) => {
    if (verb === "promote" && when === "before") await wish(database, { id, wish: "promote", actor });
  };
  const quality = (provider: string) => (provider === "near-candidate" ? "silent" : "good") as const;
  const rollout = await world.run(id, { quality });
  expect(rollout.state.history.map(({ provider, step }) => `${provider} ${step}`)).not.toContain(
    "near promote",
  );
  expect(rollout.outcome).toBe("rolled back");
});

test("a wish for a provider that has passed meanwhile is refused, and is not taken for the next one", async () => {
  const { id } = await world.start();
  await world.run(id, { until: ({ state }) => state.place === 1 });
  const { state } = await readRollout(database.query, id);
  expect(state.place).toBe(1);
  await expect(wish(database, { id, wish: "promote", actor, provider: "far" })).rejects.toThrow(
    "is at near by now",
  );
  expect((await readRollout(database.query, id)).wish).toBeUndefined();
});

test("one freeze that lasts holds, however many others came and went after it", async () => {
  await freeze(database, { actor, provider: "near", why: "the sale" });
  await database.query(`INSERT INTO freezes (provider, actor, why, until)
    SELECT 'far', 'bot', 'a while', now() - interval '1 hour' FROM generate_series(1, 1500)`);
  expect(freezeOf(await readFreezes(database.query), "near")?.why).toBe("the sale");
});
