import { expect, test } from "vitest";
import { createSeeded } from "#gateway/replay/seeded.ts";
import { modelAt } from "#gateway/replay/traces/arrivals.ts";
import { createRows } from "#gateway/replay/traces/rows.ts";

const rowsOf = (most?: number) =>
  createRows({ seeded: createSeeded(1), drawBytes: () => 7, ...(most !== undefined && { most }) });

const momentAt = (ms: number) => ({ ms, extraMs: 0, coarse: false });

test("rows are full when they hold as many as they may", () => {
  const rows = rowsOf(2);
  rows.add({ moment: momentAt(1) });
  expect(rows.full()).toBe(false);
  rows.add({ moment: momentAt(2) });
  expect(rows.full()).toBe(true);
});

test("columns grow far beyond where they began", () => {
  const rows = rowsOf();
  for (let ms = 0; ms < 10_000; ms++) rows.add({ moment: momentAt(ms), bytes: ms + 1 });
  const { arrivals, sized } = rows.finish();
  expect([arrivals.count, arrivals.atMs[9_999], arrivals.bytes[9_999], sized]).toEqual([
    10_000, 9_999, 10_000, 10_000,
  ]);
});

test("a thousand models are told apart, the rest and names without end stay unnamed", () => {
  const rows = rowsOf();
  const names = [...Array.from({ length: 1_100 }, (_, index) => `m${index}`), "x".repeat(201)];
  for (const [ms, model] of names.entries()) rows.add({ moment: momentAt(ms), model });
  const { arrivals } = rows.finish();
  const read = names.map((_, index) => modelAt(arrivals, index));
  expect(read.slice(0, 999)).toEqual(names.slice(0, 999));
  expect(new Set(read.slice(999))).toEqual(new Set([undefined]));
});

test("no rows are an empty trace that began never", () => {
  expect(rowsOf().finish()).toMatchObject({ arrivals: { count: 0 }, startedAt: undefined, sized: 0 });
});

test("rows of a second apart in the log are laid over it in their own runs", () => {
  const rows = rowsOf();
  for (const ms of [1_000, 1_000, 2_000, 1_000]) rows.add({ moment: { ms, extraMs: 0, coarse: true } });
  const { arrivals, startedAt = 0 } = rows.finish();
  const seconds = Array.from(arrivals.atMs, (ms) => Math.floor((startedAt + ms) / 1_000));
  expect(seconds).toEqual([1, 1, 1, 2]);
});
