import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { applyPlan } from "#gateway/operations/apply-plan.ts";
import type { GroupPlan } from "#gateway/operations/plan-now.ts";
import { recordAudit } from "#gateway/records/audit.ts";
import { freeze, freezeOf, readFreezes } from "#gateway/records/freezes.ts";
import { ofTerm } from "#gateway/records/leader.ts";
import { readRollout, wish } from "#gateway/records/rollouts.ts";
import { readScalings, writeRefusal } from "#gateway/records/scaling.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { openRolloutWorld, type Quality, type RolloutWorld } from "#test/support/rollout-world.ts";

let records: MigratedPostgres;
let database: Database;
let world: RolloutWorld;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const table of ["rollouts", "freezes", "trial_findings"]) await database.query(`DELETE FROM ${table}`);
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
  const quality = (provider: string): Quality => (provider === "near-candidate" ? "silent" : "good");
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

/** A plan by which each of some places with one instance gets a second one. */
function twoEach(...names: readonly string[]): Pick<GroupPlan, "plan" | "places"> {
  const terms = { billing: "provisioned", usdPerSecond: 0, usdPerRequest: 0, coldMs: 0, idleMs: 0 } as const;
  const unknown = { capacity: undefined, limits: undefined, changedAt: undefined, refusals: [] };
  const standing = { desired: 1, running: 1, pending: 0 };
  return {
    places: names.map((name) => ({ ...unknown, name, domain: name, scale: "count", terms, standing })),
    plan: {
      places: names.map((name) => ({ name, count: 2, changes: true, why: "" })),
      usdPerHour: { standing: 0, variable: 0 },
      covers: { meanRps: 0, highRps: 0, inTime: 1, worstLoss: undefined },
      warnings: [],
    },
  };
}

test("a turn is over when each of its changes is, though the records fail for one of them", async () => {
  const { leading } = await world.leadAnew();
  const { clock, near, far } = world;
  const [gate, failed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  far.onCall = async (verb, when) => {
    if (verb === "scale" && when === "before") await gate.promise;
  };
  const failing: Database = {
    ...database,
    transaction: (work, options) =>
      database.transaction((query) => {
        const fail = async () => {
          failed.resolve();
          throw new Error("the records are lost");
        };
        const ask = (text: string, values: readonly unknown[] = [], ...rest: []) =>
          text.includes("refused_why") && values[0] === "near" ? fail() : query(text, values, ...rest);
        return work(ask as Query);
      }, options),
  };
  near.fail("scale", "provider_full");
  let isOver = false;
  const controls = { of: (name: string) => (name === "far" ? far : near).control() };
  const deps = { leading, controls, clock, chance: systemChance, name: "fleet:test" };
  const applying = applyPlan({ groups: [twoEach("near", "far")] }, { ...deps, database: failing }).finally(
    () => {
      isOver = true;
    },
  );
  applying.catch(() => undefined);
  await failed.promise;
  await vi.waitFor(() => expect(far.heard).toHaveLength(1));
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  gate.resolve();
  await expect(applying).rejects.toThrow("the records are lost");
  expect(far.count().desired).toBe(2);
});

test("one freeze that lasts holds, however many others came and went after it", async () => {
  await freeze(database, { actor, provider: "near", why: "the sale" });
  await database.query(`INSERT INTO freezes (provider, actor, why, until)
    SELECT 'far', 'bot', 'a while', now() - interval '1 hour' FROM generate_series(1, 1500)`);
  expect(freezeOf(await readFreezes(database.query), "near")?.why).toBe("the sale");
});
