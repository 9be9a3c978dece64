import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ProviderControl } from "#adapters/control.ts";
import { createTurns, type FleetVoice } from "#gateway/operations/fleet-turn.ts";
import { openControls } from "#gateway/operations/open-controls.ts";
import { createConfigReader } from "#gateway/operations/read-configuration.ts";
import { readAudit } from "#gateway/records/audit.ts";
import { publishConfiguration } from "#gateway/records/configurations.ts";
import { countDemand, readDemand, readLately, readSpeeds } from "#gateway/records/demand.ts";
import { freeze, freezeOf, lastThaw, readFreezes, thaw } from "#gateway/records/freezes.ts";
import { ofTerm, raiseTerm } from "#gateway/records/leader.ts";
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

async function openFleet() {
  // The middle of an hour, so that a test's time does not run over its end.
  const startAt = Date.now() - (Date.now() % 3_600_000) + 1_800_000;
  const clock = createFakeClock({ startAt });
  const capabilities = { scale: "count" } as const;
  const near = createFakePlatform({ clock, name: "near", capabilities, standMs: 30_000 });
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

const hour = Date.UTC(2026, 0, 5, 10);
const minute = 60_000;

async function ledgerSays(requests: number, at = hour, model = "digits"): Promise<void> {
  await database.query(
    `INSERT INTO ledger_hours VALUES ('default', $1, $3, 'near/1', 'request', $2, 0, 7, 0, 0, 0, 5000, 0, 0, 0, 0)
      ON CONFLICT (tenant, hour, model, backend, kind) DO UPDATE SET requests = excluded.requests`,
    [new Date(at), requests, model],
  );
}

const within = () => ({ signal: AbortSignal.timeout(20_000) });

test("demand is what the ledger grew by, minute by minute, and nothing is counted twice", async () => {
  const term = await raiseTerm(database.query, "test");
  const leading = ofTerm(database, term);
  const look = (at: number) => countDemand(leading, at, within());
  const read = async (now: number) =>
    (await readDemand(database.query, { models: ["digits"], now }, within())).map(({ at, requests }) => [
      (at - hour) / minute,
      requests,
    ]);
  await ledgerSays(30);
  await look(hour + 2 * minute + 500);
  await look(hour + 2 * minute + 30_000);
  await ledgerSays(42);
  await ledgerSays(1_000, hour, "other");
  await look(hour + 3 * minute + 100);
  await look(hour + 5 * minute);
  expect(await read(hour + 5 * minute + 1)).toEqual([
    [0, 10],
    [1, 10],
    [2, 16],
    [3, 6],
    [4, 0],
  ]);
});

test("before anybody counted by the minute the hours of the ledger are what is known", async () => {
  await ledgerSays(3_600, hour - 3_600_000);
  await ledgerSays(600);
  const now = hour + 10 * minute;
  expect(await readDemand(database.query, { models: ["digits"], now }, within())).toEqual([
    { at: hour - 3_600_000, seconds: 3_600, requests: 3_600 },
    { at: hour, seconds: 600, requests: 600 },
  ]);
  expect(await readDemand(database.query, { models: ["none"], now }, within())).toEqual([]);
});

test("old minutes are read by the quarter of an hour, and those of a fortnight ago are gone", async () => {
  const leading = ofTerm(database, await raiseTerm(database.query, "test"));
  const old = hour - 10 * 3_600_000;
  await database.query(
    `INSERT INTO demand SELECT $1::timestamptz + n * interval '1 minute', 'digits', 2 FROM generate_series(0, 29) AS n`,
    [new Date(old)],
  );
  await database.query("INSERT INTO demand VALUES ($1, 'digits', 9)", [new Date(hour - 16 * 86_400_000)]);
  await countDemand(leading, hour, within());
  expect(await readDemand(database.query, { models: ["digits"], now: hour }, within())).toEqual([
    { at: old, seconds: 900, requests: 30 },
    { at: old + 15 * minute, seconds: 900, requests: 30 },
  ]);
});

test("a former leader counts no demand", async () => {
  const before = ofTerm(database, await raiseTerm(database.query, "test"));
  await raiseTerm(database.query, "next");
  await expect(countDemand(before, hour, within())).rejects.toMatchObject({ code: "not_leader" });
});

test("how fast backends are and how many came too late is read from the last hours", async () => {
  await ledgerSays(50);
  const now = hour + 10 * minute;
  expect(await readSpeeds(database.query, now, within())).toEqual([
    { backend: "near/1", hour, answered: 50, realMs: 5_000, bytes: 0 },
  ]);
  const lately = (model: string) => readLately(database.query, { models: [model], now }, within());
  expect(await lately("digits")).toEqual({ requests: 50, missed: 7 });
  expect(await lately("none")).toBeUndefined();
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
