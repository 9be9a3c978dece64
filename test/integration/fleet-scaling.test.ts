import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ProviderControl } from "#adapters/control.ts";
import { createTurns, type FleetVoice } from "#gateway/operations/fleet-turn.ts";
import { openControls } from "#gateway/operations/open-controls.ts";
import { createConfigReader } from "#gateway/operations/read-configuration.ts";
import { readAudit } from "#gateway/records/audit.ts";
import { publishConfiguration } from "#gateway/records/configurations.ts";
import { freeze, freezeOf, lastThaw, readFreezes, thaw } from "#gateway/records/freezes.ts";
import { raiseTerm } from "#gateway/records/leader.ts";
import { readScalings } from "#gateway/records/scaling.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { createFakePlatform, type FakePlatform } from "#test/support/fake-control.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { clearFleet, ledgerHas, scaledText } from "#test/support/scaled-fleet.ts";

let records: MigratedPostgres;
let database: Database;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await clearFleet(database);
  await publishConfiguration(database, { text: scaledText, source: "admin", actor });
});

const actor = { id: "ann" };

type Silent = { readonly voice: FleetVoice; readonly said: string[] };

function listen(): Silent {
  const said: string[] = [];
  const voice: FleetVoice = {
    observed: (observed) => {
      for (const { troubles } of observed.values())
        said.push(...troubles.map(({ code }) => `trouble ${code}`));
    },
    planned: () => undefined,
    applied: ({ provider, wanted, error }) =>
      void said.push(error ? `${provider} ${error.code}` : `${provider} ${JSON.stringify(wanted)}`),
    verified: ({ provider, kind }) => void said.push(`${provider} ${kind}`),
    passed: () => undefined,
    troubled: (what, { code }) => void said.push(`${what} ${code}`),
    called: () => undefined,
  };
  return { voice, said };
}

async function openFleet({ desired = 1 } = {}) {
  // The middle of an hour, so that a test's time does not run over its end.
  const startAt = Date.now() - (Date.now() % 3_600_000) + 1_800_000;
  const clock = createFakeClock({ startAt });
  const capabilities = { scale: "count" } as const;
  const near = createFakePlatform({ clock, name: "near", capabilities, desired, standMs: 30_000 });
  const far = createFakePlatform({
    clock,
    name: "far",
    capabilities,
    standMs: 30_000,
    price: { usdPerHour: 2 },
  });
  const fixed = createFakePlatform({ clock, name: "fixed", capabilities, price: { usdPerHour: 2 } });
  const platforms: Readonly<Record<string, FakePlatform>> = { near, far, fixed };
  const open = async (_: unknown, __: unknown, name: string): Promise<ProviderControl> => {
    const platform = platforms[name];
    if (!platform) throw new Error(`no platform ${name}`);
    return platform.control();
  };
  const surroundings = { clock, chance: systemChance, env: {} };
  const controls = await openControls({}, surroundings, open);
  const { voice, said } = listen();
  const readConfiguration = createConfigReader(database.query, undefined);
  const turns = createTurns({
    ...surroundings,
    database,
    controls,
    readConfiguration,
    voice,
    name: "fleet:test",
  });
  const term = await raiseTerm(database.query, "test");
  const { signal } = new AbortController();
  const check = async (): Promise<void> => {};
  const leading = { term, signal, ending: signal, check };
  const turn = () => turns.scale({ signal }, leading);
  return { clock, near, far, fixed, turns, turn, said, signal, ...platforms };
}

test("what is expected is met on the cheapest places, once, and the audit says by whom", async () => {
  const { clock, near, far, fixed, turn, said } = await openFleet();
  await ledgerHas(database, 180_000, clock.now());
  const plan = await turn();
  expect(plan.groups[0]?.plan.covers.meanRps).toBeGreaterThan(10);
  const { desired } = near.count();
  expect(desired).toBeGreaterThan(2);
  expect(far.count().desired).toBeLessThanOrEqual(desired);
  expect(fixed.heard).toEqual([]);
  const heard = near.heard.length;
  clock.advance(60_000);
  await turn();
  expect(near.heard.length).toBe(heard);
  expect(said).toContain("near settled");
  const [entry] = await readAudit(database.query, { most: 5 });
  expect(entry).toMatchObject({
    actor: "fleet:test",
    action: "fleet.change",
    details: { action: "fake:scale" },
  });
  const scaling = (await readScalings(database.query)).get("near");
  expect(scaling).toMatchObject({ wanted: { count: desired }, refusal: undefined });
});

test("without a term nothing is changed, counted or written", async () => {
  const { clock, near, turns, signal } = await openFleet();
  await ledgerHas(database, 180_000, clock.now());
  const plan = await turns.scale({ signal });
  expect(plan.groups[0]?.plan.places.some(({ changes }) => changes)).toBe(true);
  expect(near.heard).toEqual([]);
  expect(await database.query("SELECT 1 FROM demand")).toEqual([]);
});

test("what a platform has not is remembered, asked for in halves, and met elsewhere", async () => {
  const { clock, near, far, turn, said } = await openFleet();
  await ledgerHas(database, 180_000, clock.now());
  near.fail("scale", "provider_quota", { times: 100 });
  for (let n = 0; n < 8; n += 1) {
    await turn();
    clock.advance(15_000);
  }
  const asked = near.heard.map(({ said: scaling }) => (scaling as { readonly count: number }).count);
  expect(asked.length).toBeLessThan(6);
  expect(asked).toEqual(asked.toSorted((one, other) => other - one));
  expect(said).toContain("near provider_quota");
  const { refusal } = (await readScalings(database.query)).get("near") ?? {};
  expect(refusal).toMatchObject({ code: "provider_quota", count: 2 });
  expect(far.count().desired).toBeGreaterThan(2);
  const heard = near.heard.length;
  clock.advance(3_600_000);
  await ledgerHas(database, 180_000, clock.now());
  await turn();
  expect(near.heard.length).toBeGreaterThan(heard);
});

test("a provider that fails is left alone for a minute, and then asked again", async () => {
  const { clock, near, turn, said } = await openFleet();
  await ledgerHas(database, 180_000, clock.now());
  near.fail("scale", "provider_forbidden", { times: 1 });
  await turn();
  clock.advance(15_000);
  await turn();
  expect([near.heard.length, said.filter((what) => what === "near provider_forbidden").length]).toEqual([
    1, 1,
  ]);
  clock.advance(50_000);
  await turn();
  expect(near.heard.length).toBe(2);
});

test("instances that a platform took an order for and has no room for are a refusal too", async () => {
  const { clock, near, turn, said } = await openFleet();
  await ledgerHas(database, 180_000, clock.now());
  await turn();
  clock.advance(10_000);
  near.say({ kind: "capacity", name: undefined, message: "no room for more", at: clock.now() });
  await turn();
  expect(said).toContain("near lacking");
  expect((await readScalings(database.query)).get("near")?.refusal).toMatchObject({
    why: "no room for more",
  });
});

test("a frozen provider is left as it is, and so is one that cannot be read", async () => {
  const { clock, near, far, turn, said } = await openFleet();
  await ledgerHas(database, 180_000, clock.now());
  await freeze(database, { actor, provider: "near", why: "the sale" });
  far.fail("status", "provider_unavailable", { times: 1 });
  const { notes } = await turn();
  expect([near.heard, far.heard]).toEqual([[], []]);
  expect(notes).toEqual([
    "near is frozen by ann: the sale",
    "far cannot be read, so nothing is known of it and it is not counted on",
  ]);
  expect(said).toContain("trouble provider_unavailable");
  await thaw(database, { actor, provider: "near" });
  await turn();
  expect(near.count().desired).toBeGreaterThan(1);
});

test("on a new database what stands is left as it is until demand was counted for a while", async () => {
  const { clock, near, turn } = await openFleet({ desired: 8 });
  // The ledger began a moment ago, in the middle of an hour that is not all there.
  await database.query(
    `INSERT INTO ledger_hours VALUES ('default', $1, 'digits', 'near/1', 'request', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
    [new Date(clock.now() - (clock.now() % 3_600_000))],
  );
  const warned = (plan: Awaited<ReturnType<typeof turn>>) => plan.groups[0]?.plan.warnings.join() ?? "";
  expect(warned(await turn())).toContain("nothing is taken away for 10 min");
  clock.advance(9 * 60_000);
  await turn();
  expect([near.count().desired, near.heard]).toEqual([8, []]);
  clock.advance(2 * 60_000);
  expect(warned(await turn())).not.toContain("nothing is taken away");
  expect(near.count().desired).toBe(1);
});

test("a freeze is replaced by a later one, ends by itself, and leaves its thaw behind", async () => {
  const read = () => readFreezes(database.query);
  await freeze(database, { actor, why: "one" });
  await freeze(database, { actor, why: "two", forMs: 60_000 });
  expect(freezeOf(await read(), "near")).toMatchObject({ why: "two", until: expect.any(Date) });
  await database.query("UPDATE freezes SET until = now() - interval '1 second' WHERE why = 'two'");
  expect(freezeOf(await read(), "near")).toBeUndefined();
  expect(lastThaw(await read(), "near")).toBeLessThan(Date.now() + 1_000);
  expect(await thaw(database, { actor })).toBe(false);
  await expect(freeze(database, { actor, why: " " })).rejects.toThrow("a freeze has a reason");
  const tenant = { id: "bob", within: { tenant: "acme", scopes: new Set<never>(), models: "all" } } as const;
  await expect(freeze(database, { actor: tenant, why: "mine" })).rejects.toMatchObject({ code: "forbidden" });
});
