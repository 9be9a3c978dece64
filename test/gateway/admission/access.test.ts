import { expect, test } from "vitest";
import { openAccess } from "#gateway/admission/access.ts";
import { type Caller, type Tenant, unboundedTenant } from "#gateway/caller.ts";
import type { AccessChange, AccessSource } from "#gateway/records/access-source.ts";
import { createApiKey, type KeyRecord, looksLikeKey } from "#gateway/records/api-key.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const usual = unboundedTenant("default");
const tenants: readonly Tenant[] = [usual];

/** A source that gives what is put into it, and tells its watcher when the test says so. */
function createFakeSource(first: Partial<AccessChange> = {}) {
  const changes: AccessChange[] = [{ isWhole: true, tenants, keys: [], ...first }];
  let failure: Error | undefined;
  let onChange = (): void => {};
  const source: AccessSource = {
    read: async () => {
      if (failure) throw failure;
      return changes.shift() ?? { isWhole: false, tenants: [], keys: [] };
    },
    watch: (listener) => {
      onChange = listener;
      return { [Symbol.asyncDispose]: async () => {} };
    },
  };
  return {
    source,
    put: (change: Partial<AccessChange>) =>
      changes.push({ isWhole: false, tenants: [], keys: [], ...change }),
    tell: () => onChange(),
    fail: (error: Error | undefined) => {
      failure = error;
    },
  };
}

const open = (first: Partial<AccessChange>, clock = createFakeClock()) =>
  openAccess({ source: createFakeSource(first).source, clock });

test("a key is known by its text, and its record holds only a hash", async () => {
  const { text, record } = createApiKey("ci", systemChance);
  await using access = await open({ keys: [record] });
  expect(looksLikeKey(text)).toBe(true);
  expect(access.find(text)).toEqual({
    id: record.id,
    tenant: usual,
    scopes: new Set(["infer", "usage"]),
    models: "all",
    origins: [],
    limits: { rates: [] },
  } satisfies Caller);
  expect(JSON.stringify(record)).not.toContain(text.slice(16));
  expect(["", "tw_", `${text}x`, text.slice(0, -1), "Bearer x", text.toUpperCase()].map(access.find)).toEqual(
    Array(6).fill(undefined),
  );
});

test("a caller is one object until something of it changes", async () => {
  const { text, record } = createApiKey("ci", systemChance, { models: ["a"] });
  const fake = createFakeSource({ keys: [record] });
  await using access = await openAccess({ source: fake.source, clock: createFakeClock() });
  const caller = access.find(text);
  await access.refresh();
  expect(access.find(text)).toBe(caller);
  fake.put({ keys: [{ ...record, models: ["b"] }] });
  await access.refresh();
  expect(access.find(text)).toMatchObject({ models: new Set(["b"]) });
  fake.put({ tenants: [{ ...unboundedTenant("default"), retentionDays: 7 }] });
  await access.refresh();
  expect(access.find(text)).toMatchObject({ models: new Set(["b"]), tenant: { retentionDays: 7 } });
  expect(access.tenant("default")).toMatchObject({ retentionDays: 7 });
});

test("rows that are read again without a change leave every caller the object that it was", async () => {
  const { text, record } = createApiKey("ci", systemChance, { models: ["a"], tenant: "acme" });
  const acme = { ...unboundedTenant("acme"), modelLimits: new Map([["a", { rates: [] }]]) };
  const fake = createFakeSource({ tenants: [usual, acme], keys: [record] });
  await using access = await openAccess({ source: fake.source, clock: createFakeClock() });
  const caller = access.find(text);
  for (const isWhole of [false, true]) {
    fake.put({ isWhole, tenants: [structuredClone(acme)], keys: [structuredClone(record)] });
    await access.refresh();
    expect(access.find(text)).toBe(caller);
    expect(access.tenant("acme")).toBe(acme);
  }
  fake.put({ tenants: [{ ...acme, modelLimits: new Map([["a", { rates: [], concurrency: 1 }]]) }] });
  await access.refresh();
  expect(access.find(text)).not.toBe(caller);
});

test("a key opens nothing from the moment on at which it expires", async () => {
  const clock = createFakeClock();
  const { text, record } = createApiKey("ci", systemChance, { expiresAt: clock.now() + 1_000 });
  await using access = await open({ keys: [record] }, clock);
  clock.advance(999);
  expect(access.find(text)).toMatchObject({ id: record.id, expiresAt: record.expiresAt });
  clock.advance(1);
  expect(access.find(text)).toBe("expired");
});

test("a revoked key stops working at the next turn", async () => {
  const clock = createFakeClock();
  const { text, record } = createApiKey("ci", systemChance);
  const fake = createFakeSource({ keys: [record] });
  await using access = await openAccess({ source: fake.source, clock, refreshMs: 1_000 });
  fake.put({ keys: [{ id: record.id, gone: true }] });
  expect(access.find(text)).toMatchObject({ id: record.id });
  clock.advance(1_000);
  await expect.poll(() => access.find(text)).toBeUndefined();
});

test("a change that is told of is read without waiting for the turn", async () => {
  const { text, record } = createApiKey("ci", systemChance);
  const fake = createFakeSource();
  await using access = await openAccess({ source: fake.source, clock: createFakeClock() });
  fake.put({ keys: [record] });
  fake.tell();
  await expect.poll(() => access.find(text)).toMatchObject({ id: record.id });
});

test("a key whose tenant is gone opens nothing until the tenant is back", async () => {
  const { text, record } = createApiKey("ci", systemChance, { tenant: "acme" });
  const fake = createFakeSource({ keys: [record] });
  await using access = await openAccess({ source: fake.source, clock: createFakeClock() });
  expect(access.find(text)).toBeUndefined();
  fake.put({ tenants: [unboundedTenant("acme")] });
  await access.refresh();
  expect(access.find(text)).toMatchObject({ tenant: { id: "acme" } });
  fake.put({ tenants: [{ id: "acme", gone: true }] });
  await access.refresh();
  expect(access.find(text)).toBeUndefined();
  expect(access.tenant("acme")).toBe("gone");
});

test("a tenant that is gone is told from one that was never there", async () => {
  const fake = createFakeSource({
    tenants: [usual, { id: "deleted", gone: true }, unboundedTenant("dropped")],
  });
  await using access = await openAccess({ source: fake.source, clock: createFakeClock() });
  expect([access.tenant("deleted"), access.tenant("never")]).toEqual(["gone", undefined]);
  fake.put({ isWhole: true, tenants: [usual] });
  await access.refresh();
  expect([access.tenant("deleted"), access.tenant("dropped")]).toEqual(["gone", "gone"]);
  fake.put({ tenants: [unboundedTenant("deleted")] });
  await access.refresh();
  expect(access.tenant("deleted")).toEqual(unboundedTenant("deleted"));
});

test("tenants are described where one beside the operators' own is on record or was", async () => {
  const fake = createFakeSource();
  await using access = await openAccess({ source: fake.source, clock: createFakeClock() });
  expect(access.describesTenants()).toBe(false);
  fake.put({ tenants: [unboundedTenant("acme")] });
  await access.refresh();
  expect(access.describesTenants()).toBe(true);
  fake.put({ tenants: [{ id: "acme", gone: true }] });
  await access.refresh();
  expect(access.describesTenants()).toBe(true);
});

test("who is missing where everybody is listed is gone", async () => {
  const [kept, dropped] = [createApiKey("a", systemChance), createApiKey("b", systemChance)];
  const fake = createFakeSource({ keys: [kept.record, dropped.record] });
  await using access = await openAccess({ source: fake.source, clock: createFakeClock() });
  fake.put({ isWhole: true, tenants, keys: [kept.record] });
  await access.refresh();
  expect(access.find(kept.text)).toBeDefined();
  expect(access.find(dropped.text)).toBeUndefined();
});

test("preflights know every origin that some key lists, as long as one does", async () => {
  const shared = "https://app.example.com";
  const first = createApiKey("a", systemChance, { origins: [shared, "https://one.example.com"] }).record;
  const second = createApiKey("b", systemChance, { origins: [shared] }).record;
  const fake = createFakeSource({ keys: [first, second] });
  await using access = await openAccess({ source: fake.source, clock: createFakeClock() });
  expect([...access.origins()].sort()).toEqual([shared, "https://one.example.com"]);
  fake.put({ keys: [{ id: first.id, gone: true }] });
  await access.refresh();
  expect([...access.origins()]).toEqual([shared]);
  fake.put({ keys: [{ ...second, origins: [] }] });
  await access.refresh();
  expect([...access.origins()]).toEqual([]);
});

test("a database that is away leaves the last keys working and says that a turn was skipped", async () => {
  const clock = createFakeClock();
  const { text, record } = createApiKey("ci", systemChance);
  const skipped: string[] = [];
  const stop = sideConcernSkipped.subscribe(({ what }) => skipped.push(what));
  const fake = createFakeSource({ keys: [record] });
  await using access = await openAccess({ source: fake.source, clock, refreshMs: 1_000 });
  fake.fail(new Error("away"));
  clock.advance(1_000);
  await expect.poll(() => skipped).toEqual(["refreshing the keys"]);
  expect(access.find(text)).toMatchObject({ id: record.id });
  await expect(access.refresh()).rejects.toThrow("away");
  fake.fail(undefined);
  fake.put({ keys: [{ id: record.id, gone: true }] });
  clock.advance(1_000);
  await expect.poll(() => access.find(text)).toBeUndefined();
  stop();
});

test("an access that cannot be read at first does not open", async () => {
  const fake = createFakeSource();
  fake.fail(new Error("away"));
  await expect(openAccess({ source: fake.source, clock: createFakeClock() })).rejects.toThrow("away");
});

test("closing an access twice is fine and ends its turns", async () => {
  const access = await open({});
  await access.close();
  await access.close();
  await expect(access.refresh()).rejects.toThrow();
});

test("a look-up among 100,000 keys takes no longer than among ten", async () => {
  const { record: other } = createApiKey("x", systemChance);
  const make = (count: number): KeyRecord[] =>
    Array.from({ length: count }, (_, n) => ({
      ...other,
      id: n.toString(16).padStart(12, "0"),
      hash: n.toString(16).padStart(64, "0"),
    }));
  const { text, record } = createApiKey("ci", systemChance);
  await using few = await open({ keys: [...make(10), record] });
  await using many = await open({ keys: [...make(100_000), record] });
  const time = (access: typeof few): number => {
    const began = performance.now();
    for (let n = 0; n < 200; n += 1) access.find(text);
    return performance.now() - began;
  };
  // In turns, and the quickest of many short runs, since the machine has other things to do as well.
  const times = Array.from({ length: 100 }, () => [time(few), time(many)] as const);
  const quickest = (which: 0 | 1): number => Math.min(...times.map((pair) => pair[which]));
  expect(quickest(1)).toBeLessThan(3 * quickest(0));
});
