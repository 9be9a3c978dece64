import { expect, test } from "vitest";
import { HourRows } from "#gateway/ledger/hour-rows.ts";
import { createLedgerInMemory } from "#gateway/ledger/ledger-in-memory.ts";
import { type Dimension, hourMs } from "#gateway/ledger/ledger-store.ts";
import { type Recorded, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";

const signal = new AbortController().signal;
const start = Date.UTC(2026, 0, 1, 10);

function recorded(at: number, tenant = "acme", backend = "b"): Recorded {
  const { course, seen } = pursue(poolOf([laneOf(backend, { usd: 1e-6 })]), () => ({ ms: 10 }), { at });
  return recordPursuit(course, factsOf({ seen, tenant }));
}

async function storeOf(all: readonly Recorded[], options: Parameters<typeof createLedgerInMemory>[0] = {}) {
  const store = createLedgerInMemory(options);
  for (const [n, one] of all.entries()) {
    const rows = new HourRows();
    rows.add(one);
    await store.write({ id: `${n}`, rows: rows.take(99), decisions: [one] }, { signal });
  }
  return store;
}

const wide = { from: start - hourMs, to: start + 10 * hourMs, most: 100 };

test("a ledger in memory sums up by hour, model, backend and tenant", async () => {
  const store = await storeOf([
    recorded(start + 5, "acme", "a"),
    recorded(start + 9, "acme", "b"),
    recorded(start + hourMs, "beta", "b"),
  ]);
  const names = async (by: Dimension) =>
    (await store.lines({ ...wide, by }, { signal })).map(({ name, requests }) => [name, requests]);
  expect(await names("hour")).toEqual([
    ["2026-01-01T10:00:00Z", 2],
    ["2026-01-01T11:00:00Z", 1],
  ]);
  expect(await names("backend")).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  expect(await names("tenant")).toEqual([
    ["acme", 2],
    ["beta", 1],
  ]);
  expect(await names("model")).toEqual([["digits-s", 3]]);
});

test("a ledger in memory shows the hours, the tenant and the names that were asked for, page by page", async () => {
  const store = await storeOf([0, 1, 2, 3].map((n) => recorded(start + n * hourMs, `t${n}`)));
  const hours = async (from: number, to: number) =>
    (await store.lines({ from, to, by: "hour", most: 9 }, { signal })).length;
  expect(await hours(start + 1, start + hourMs)).toBe(1);
  expect(await hours(start + 1, start + hourMs + 1)).toBe(2);
  const one = await store.lines({ ...wide, by: "tenant", tenant: "t2" }, { signal });
  expect(one.map(({ name }) => name)).toEqual(["t2"]);
  expect(await store.lines({ ...wide, by: "tenant", model: "other" }, { signal })).toEqual([]);
  expect(await store.lines({ ...wide, by: "tenant", backend: "other" }, { signal })).toEqual([]);
  const page = await store.lines({ ...wide, by: "tenant", after: "t1", most: 1 }, { signal });
  expect(page.map(({ name }) => name)).toEqual(["t2"]);
});

test("a ledger in memory forgets its oldest rows when there are too many", async () => {
  const all = [0, 1, 2, 3].map((n) => recorded(start + n * hourMs));
  const store = await storeOf(all, { mostRows: 2 });
  const lines = await store.lines({ ...wide, by: "hour" }, { signal });
  expect(lines.map(({ name }) => name)).toEqual(["2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"]);
});

test("an export out of memory is the oldest first and in pages, and of the tenant and the time alone", async () => {
  const all = [0, 1, 2, 3, 4].map((n) => recorded(start + n, n === 2 ? "beta" : "acme"));
  const store = await storeOf(all);
  const first = await store.exportPage({ ...wide, tenant: "acme", most: 3 }, { signal });
  expect(first.lines).toEqual(
    [0, 1, 3].map((n) => ({
      ...{ at: start + n, bytes: 1_000, model: "digits-s", ms: 10, backend: "b", usd: 1e-6, missed: false },
    })),
  );
  const after = first.next;
  const second = await store.exportPage({ ...wide, tenant: "acme", after, most: 3 }, { signal });
  expect(second.lines.map(({ at }) => at)).toEqual([start + 4]);
  expect(second.next).toBeUndefined();
  const none = await store.exportPage({ from: start + 5, to: start + 6, most: 3 }, { signal });
  expect(none).toEqual({ lines: [], next: undefined });
});
