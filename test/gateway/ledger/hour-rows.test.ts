import { expect, test } from "vitest";
import { HourRows, hourOf } from "#gateway/ledger/hour-rows.ts";
import { hourMs, type LedgerRow } from "#gateway/ledger/ledger-store.ts";
import { type Recorded, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";
import { seededRandom } from "#test/support/random.ts";

const at = 1_700_000_000_000;

function recorded(more: Partial<Recorded> = {}): Recorded {
  const { course, seen } = pursue(poolOf([laneOf("b", { usd: 1e-6 })]), () => ({ ms: 10 }), { at });
  return { ...recordPursuit(course, factsOf({ seen })), ...more };
}

const sum = (rows: readonly LedgerRow[], read: (row: LedgerRow) => number): number =>
  rows.reduce((total, row) => total + read(row), 0);

test("the sums of rows are the sums of the decisions that were added", () => {
  const random = seededRandom(11);
  const rows = new HourRows();
  const all: Recorded[] = [];
  for (let round = 0; round < 300; round += 1) {
    const lanes = ["a", "b", "c"].map((name) => laneOf(name, { usd: random.between(0, 1e-5) }));
    const script = () => ({ ms: random.between(1, 400), fails: random.chance(0.3) });
    const when = at + random.integer(0, 3 * hourMs);
    const { course, seen } = pursue(poolOf(lanes), script, { at: when, bytes: random.integer(1, 1e6) });
    const names = { tenant: `t${random.integer(0, 2)}`, model: `m${random.integer(0, 1)}` };
    const code = course.ending === "answered" ? {} : { code: "backend_failed" as const };
    all.push(recordPursuit(course, factsOf({ seen, ...names, ...code })));
  }
  for (const one of all) rows.add(one);
  const taken = rows.take(1_000);
  const tries = all.flatMap((one) => one.tries.map((made) => ({ ...made, bytes: one.bytes })));
  const kinds = (kind: string) => tries.filter((made) => made.kind === kind).length;
  expect(kinds("hedge")).toBeGreaterThan(0);
  expect(kinds("retry")).toBeGreaterThan(0);
  expect(sum(taken, ({ requests }) => requests)).toBe(all.length);
  expect(sum(taken, ({ hedges }) => hedges)).toBe(kinds("hedge"));
  expect(sum(taken, ({ retries }) => retries)).toBe(kinds("retry"));
  expect(sum(taken, ({ missed }) => missed)).toBe(all.filter(({ outcome }) => outcome.missed).length);
  expect(sum(taken, ({ failed }) => failed)).toBe(all.filter(({ outcome }) => outcome.code).length);
  expect(sum(taken, ({ bytes }) => bytes)).toBe(tries.reduce((total, { bytes }) => total + bytes, 0));
  expect(sum(taken, ({ usd }) => usd)).toBeCloseTo(
    all.reduce((total, { outcome }) => total + outcome.spentUsd, 0),
    12,
  );
  const others = all.reduce((total, { outcome }) => total + (outcome.dearestOtherUsd ?? outcome.spentUsd), 0);
  expect(sum(taken, ({ dearestOtherUsd }) => dearestOtherUsd)).toBeCloseTo(others, 12);
  const answers = tries.filter(({ state }) => state === "answered");
  expect(sum(taken, ({ realMs }) => realMs)).toBeCloseTo(
    answers.reduce((total, { ms }) => total + ms, 0),
    6,
  );
  expect(sum(taken, ({ sketch }) => sketch?.count() ?? 0)).toBe(all.length);
  expect(new Set(taken.map(({ hour }) => hour))).toEqual(new Set(all.map((one) => hourOf(one.at))));
  expect(rows.take(1_000)).toEqual([]);
});

test("what a try cost counts where it was sent, and the request where it was answered", () => {
  const pool = poolOf([laneOf("slow", { usd: 1e-7 }), laneOf("fast", { usd: 2e-7, ms: 21 })]);
  const { course, seen } = pursue(pool, ({ kind }) => ({ ms: kind === "first" ? 240 : 15 }), { at });
  const rows = new HourRows();
  rows.add(recordPursuit(course, factsOf({ seen })));
  const found = new Map(rows.take(10).map((row) => [row.backend, row]));
  expect(found.get("slow")).toMatchObject({ requests: 0, usd: 1e-7, hedges: 0, bytes: 1_000 });
  expect(found.get("slow")?.sketch).toBeUndefined();
  expect(found.get("fast")).toMatchObject({ requests: 1, usd: 2e-7, hedges: 1, bytes: 1_000, realMs: 15 });
});

test("what is spent beside requests has rows of its own kind", () => {
  const rows = new HourRows();
  rows.add(recorded());
  const beside = { at, tenant: "acme", model: "digits-s", backend: "b", usd: 2e-6 };
  rows.addBeside({ ...beside, kind: "shadow", bytes: 70 });
  rows.addBeside({ ...beside, kind: "shadow", usd: Number.NaN });
  rows.addBeside({ ...beside, kind: "wake" });
  expect(rows.take(10).map(({ kind, requests, usd, bytes }) => [kind, requests, usd, bytes])).toEqual([
    ["request", 1, 1e-6, 1_000],
    ["shadow", 2, 2e-6, 70],
    ["wake", 1, 2e-6, 0],
  ]);
});

test("names that somebody makes up are merged, first within their tenant and then in all, and nothing is lost", () => {
  const rows = new HourRows({ mostRows: 5 });
  for (let n = 0; n < 20; n += 1) rows.add(recorded({ model: `m${n}` }));
  for (let n = 0; n < 20; n += 1) rows.add(recorded({ tenant: `t${n}` }));
  expect(rows.size).toBeLessThanOrEqual(12);
  const taken = rows.take(100);
  expect(sum(taken, ({ requests }) => requests)).toBe(40);
  expect(taken.filter(({ tenant }) => tenant === "acme").map(({ model }) => model)).toContain("");
  expect(taken.map(({ tenant }) => tenant)).toContain("");
});

test("rows are handed out once, at most as many as are asked for", () => {
  const rows = new HourRows();
  for (let n = 0; n < 5; n += 1) rows.add(recorded({ model: `m${n}` }));
  expect([rows.take(2).length, rows.take(2).length, rows.take(2).length, rows.take(2).length]).toEqual([
    2, 2, 1, 0,
  ]);
});
