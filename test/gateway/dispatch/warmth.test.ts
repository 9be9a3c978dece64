import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import { Warmth } from "#gateway/dispatch/warmth.ts";
import { laneOf } from "#test/support/courses.ts";
import { dawn, forever } from "#test/support/lanes.ts";

const sleeper = {
  billing: "instance",
  ...{ usdPerSecond: 0.001, perInstance: 4, mostInFlight: 64 },
  ...{ idleMs: 600_000, coldMs: 20_000 },
} as const;

const warmthOf = (more: Partial<Terms> = {}) =>
  new Warmth(laneOf("a", { ...sleeper, ...more }).standing.terms);

test("what somebody pays for anyway, or needs no start, is always awake", () => {
  for (const terms of [{ billing: "provisioned" }, { coldMs: 0 }] as const) {
    const warmth = warmthOf(terms);
    expect({ sleeps: warmth.sleeps, awake: warmth.isAwake(dawn), wait: warmth.waitMs(dawn) }).toEqual({
      ...{ sleeps: false, awake: true, wait: 0 },
    });
    expect(warmth.most(dawn)).toBe(forever);
  }
});

test("whoever was never asked sleeps, and a request would wait for all of its start", () => {
  const warmth = warmthOf();
  expect({ awake: warmth.isAwake(dawn), waking: warmth.isWaking(dawn) }).toEqual({
    ...{ awake: false, waking: false },
  });
  expect(warmth.waitMs(dawn)).toBe(sleeper.coldMs);
});

test("once asked it is waking, and who comes later waits for what is left", () => {
  const warmth = warmthOf();
  warmth.started(dawn);
  warmth.started(dawn + 1_000);
  expect(warmth.isWaking(dawn + 5_000)).toBe(true);
  expect(warmth.waitMs(dawn + 5_000)).toBe(sleeper.coldMs - 5_000);
});

test("a start that never came to anything is over at some time, and the next waits for another", () => {
  const warmth = warmthOf();
  warmth.started(dawn);
  expect(warmth.isWaking(dawn + 2 * sleeper.coldMs)).toBe(false);
  expect(warmth.waitMs(dawn + 2 * sleeper.coldMs)).toBe(sleeper.coldMs);
});

test("an answer shows that it is awake, until shortly before its idle time is over", () => {
  const warmth = warmthOf();
  warmth.started(dawn);
  warmth.answered(dawn + 20_000, 1, 20_000);
  expect(warmth.waitMs(dawn + 20_000)).toBe(0);
  expect(warmth.isAwake(dawn + sleeper.idleMs / 2)).toBe(true);
  expect(warmth.isAwake(dawn + 20_000 + sleeper.idleMs)).toBe(false);
});

test("how long a start takes is learned from those that waited for one", () => {
  const warmth = warmthOf();
  for (let turn = 0; turn < 20; turn += 1) warmth.answered(dawn, 1, 5_000);
  expect(warmth.coldMs).toBeGreaterThan(4_900);
  expect(warmth.coldMs).toBeLessThan(6_000);
  for (let turn = 0; turn < 20; turn += 1) warmth.answered(dawn, 1, undefined);
  expect(warmth.coldMs).toBeLessThan(6_000);
});

test("as much as it did lately it can do again, and no longer once that is an idle time ago", () => {
  const warmth = warmthOf();
  expect(warmth.most(dawn)).toBe(sleeper.perInstance);
  warmth.answered(dawn, 12, undefined);
  expect(warmth.most(dawn + 1)).toBe(12);
  warmth.answered(dawn + sleeper.idleMs, 1, undefined);
  expect(warmth.most(dawn + sleeper.idleMs + 1)).toBe(sleeper.perInstance);
});

test("a quiet moment does not shrink what stands, since its instances still do", () => {
  const warmth = warmthOf();
  warmth.answered(dawn, 12, undefined);
  warmth.answered(dawn + 100, 1, undefined);
  expect(warmth.most(dawn + 101)).toBe(12);
});

test("requests that only woke make room for as many", () => {
  const warmth = warmthOf();
  warmth.woke(dawn, 12, sleeper.coldMs);
  expect({ most: warmth.most(dawn), awake: warmth.isAwake(dawn) }).toEqual({ most: 12, awake: true });
});

test("a wake that was answered at once says nothing of how long a start takes", () => {
  const warmth = warmthOf();
  warmth.woke(dawn, 4, 10);
  expect(warmth.coldMs).toBe(sleeper.coldMs);
});

test("whoever has asked for more counts as waking for a while, so that nobody asks again at once", () => {
  const warmth = warmthOf();
  warmth.answered(dawn, 1, undefined);
  warmth.expect(dawn);
  expect(warmth.isWaking(dawn + sleeper.coldMs)).toBe(true);
  expect(warmth.isWaking(dawn + 3 * sleeper.coldMs)).toBe(false);
});

test("what stands lasts longer by the time since the last request, never by more than its idle time", () => {
  const warmth = warmthOf({ idleMs: 5_000 });
  warmth.started(dawn);
  expect(warmth.lengthensMs(dawn)).toBe(0);
  expect(warmth.lengthensMs(dawn + 300)).toBe(300);
  expect(warmth.lengthensMs(dawn + 60_000)).toBeLessThanOrEqual(5_000);
});

test("another gateway's word wakes it here too, and never puts it to sleep", () => {
  const warmth = warmthOf();
  warmth.heard(dawn + 1_000, 12, dawn);
  expect({ awake: warmth.isAwake(dawn), most: warmth.most(dawn) }).toEqual({ awake: true, most: 12 });
  warmth.heard(dawn - 1_000, 4, dawn);
  expect({ awake: warmth.isAwake(dawn), most: warmth.most(dawn) }).toEqual({ awake: true, most: 12 });
});

test("what is always there stays so whatever is told of it", () => {
  const warmth = warmthOf({ billing: "provisioned" });
  warmth.heard(dawn, 4, dawn);
  warmth.started(dawn);
  warmth.answered(dawn, 4, 20_000);
  expect({ awake: warmth.isAwake(dawn + 1e12), most: warmth.most(dawn) }).toEqual({
    ...{ awake: true, most: forever },
  });
});

test("a backend that may sleep knows that it was asked to stay", () => {
  const warmth = warmthOf();
  warmth.answered(dawn, 12, undefined);
  warmth.counted(dawn + 500_000);
  expect({ at: warmth.mostAt, most: warmth.most(dawn + 700_000) }).toEqual({ at: dawn + 500_000, most: 12 });
});
