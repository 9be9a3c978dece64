import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import { type Choice, choose } from "#gateway/dispatch/choose.ts";
import { considerWaking, type Woken } from "#gateway/dispatch/consider-waking.ts";
import { newInstanceUsd } from "#gateway/dispatch/marginal-cost.ts";
import type { Pool } from "#gateway/dispatch/pool.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import { askAt, chanceOf, createTimeline, dawn, forever, laneAt, learnSteady } from "#test/support/lanes.ts";

const sleeper = {
  billing: "instance",
  ...{ usdPerSecond: 0.001, perInstance: 4, mostInFlight: 64 },
  ...{ idleMs: 600_000, coldMs: 20_000 },
} as const;

/** One that is always there, and one that may sleep; nothing was late so far. */
function poolWith(terms: Partial<Terms> = {}): Pool {
  const pool = poolOf([laneOf("a"), laneOf("b", { ...sleeper, ...terms })]);
  pool.waking.lackUsd = 0;
  return pool;
}

function choiceOf(pool: Pool, missChance: number, place = 0): Choice {
  const lane = laneAt(pool, place);
  return { lane, load: 1, predictedMs: 20, costUsd: 0, missChance, verdict: "chosen" };
}

function consider(pool: Pool, choice: Choice | undefined, now: number): Woken | undefined {
  return considerWaking(pool, choice, askAt(now));
}

/** How many late answers, ten a second, until somebody is woken. */
function lateUntilWoken(pool: Pool, most = 20_000): number {
  for (let count = 1; count <= most; count += 1)
    if (consider(pool, choiceOf(pool, 1), dawn + count * 100)) return count;
  return forever;
}

function awaken(pool: Pool, load = 4): void {
  laneAt(pool, 1).standing.warmth.answered(dawn, load, undefined);
}

test("where nobody sleeps nobody is woken", () => {
  const pool = poolOf([laneOf("a")]);
  pool.waking.lackUsd = 1_000;
  expect(lateUntilWoken(pool, 1_000)).toBe(forever);
});

test("late answers wake somebody once they have cost enough, not before, and a dearer one later", () => {
  const usual = lateUntilWoken(poolWith());
  const dear = lateUntilWoken(poolWith({ usdPerSecond: 0.004 }));
  expect(usual).toBeGreaterThan(1);
  // By then they have cost what an instance does at most.
  expect(usual * 0.01).toBeLessThan(1.1 * newInstanceUsd(laneAt(poolWith(), 1).standing));
  expect(dear).toBeGreaterThan(1.5 * usual);
  expect(dear).toBeLessThan(forever);
});

test("as long as answers are in time nobody is woken", () => {
  const pool = poolWith();
  for (let now = dawn; now < dawn + 3_600_000; now += 1_000)
    expect(consider(pool, choiceOf(pool, 0.0001), now)).toBeUndefined();
});

test("late answers of long ago are no reason to wake anybody", () => {
  const pool = poolWith();
  const needed = lateUntilWoken(poolWith());
  for (let turn = 0; turn < needed; turn += 1)
    expect(consider(pool, choiceOf(pool, 1), dawn + turn * 1_200_000)).toBeUndefined();
});

test("a request that nobody could take counts as late", () => {
  const pool = poolWith();
  let woken: unknown;
  for (let turn = 1; turn < 2_000 && !woken; turn += 1) woken = consider(pool, undefined, dawn + turn * 100);
  expect(woken).toBeDefined();
});

test("whole instances are woken, never more than may be asked at once", () => {
  for (const lackUsd of [1, 5, 50, 5_000]) {
    const pool = poolWith();
    pool.waking.lackUsd = lackUsd;
    const woken = consider(pool, choiceOf(pool, 1), dawn);
    expect(woken?.lane).toBe(laneAt(pool, 1));
    expect((woken?.requests ?? Number.NaN) % sleeper.perInstance).toBe(0);
    expect(woken?.requests).toBeLessThanOrEqual(sleeper.mostInFlight);
  }
});

test("who is being woken is not woken again, and the next late answers count for the next instance", () => {
  const pool = poolWith();
  pool.waking.lackUsd = 5;
  expect(consider(pool, choiceOf(pool, 1), dawn)).toBeDefined();
  pool.waking.lackUsd = 5;
  expect(consider(pool, choiceOf(pool, 1), dawn + 10_000)).toBeUndefined();
  expect(consider(pool, choiceOf(pool, 1), dawn + 120_000)).toBeDefined();
});

test("of several the one whose instance costs least is woken", () => {
  const pool = poolOf([laneOf("a"), laneOf("b", sleeper), laneOf("c", { ...sleeper, usdPerSecond: 0.0002 })]);
  pool.waking.lackUsd = 5;
  expect(consider(pool, choiceOf(pool, 1), dawn)?.lane.place).toBe(2);
});

test("whoever rests, is full, or would be late even awake stays asleep", () => {
  const [rests, full, slow] = [poolWith(), poolWith(), poolWith()];
  for (let turn = 0; turn < 3; turn += 1) laneAt(rests, 1).standing.breaker.failed(dawn);
  laneAt(full, 1).standing.breaker.full(dawn, 60_000);
  learnSteady(laneAt(slow, 1), 2_000, { count: 100 });
  for (const pool of [rests, full, slow]) {
    pool.waking.lackUsd = 5;
    expect(consider(pool, choiceOf(pool, 1), dawn + 1)).toBeUndefined();
  }
});

test("who would be late for want of room gets another instance beside those that stand", () => {
  const pool = poolWith();
  awaken(pool, 8);
  pool.waking.lackUsd = newInstanceUsd(laneAt(pool, 1).standing);
  const woken = consider(pool, choiceOf(pool, 1), dawn + 1_000);
  expect(woken?.requests).toBeGreaterThanOrEqual(12);
});

test("an instance that does not fit into its budget is not woken", () => {
  const price = newInstanceUsd(laneAt(poolWith(), 1).standing);
  const pool = poolWith({ budget: { usdPerHour: 0.9 * price, usdPerDay: forever } });
  pool.waking.lackUsd = 50;
  expect(consider(pool, choiceOf(pool, 1), dawn)).toBeUndefined();
});

test("as many instances are woken together as fit into the budget, and no more", () => {
  const price = newInstanceUsd(laneAt(poolWith(), 1).standing);
  const pool = poolWith({ budget: { usdPerHour: 2.5 * price, usdPerDay: forever } });
  pool.waking.lackUsd = 50;
  const woken = consider(pool, choiceOf(pool, 1), dawn);
  expect(woken?.requests).toBe(2 * sleeper.perInstance);
});

test("instances that are woken again and again stay within the budget together", () => {
  const brief = { ...sleeper, idleMs: 60_000 };
  const each = newInstanceUsd(laneAt(poolWith(brief), 1).standing);
  const budget = { usdPerHour: 2.5 * each, usdPerDay: forever };
  const money = { usdPerMiss: 1, usdPerSecond: 0 };
  const pool = poolOf([laneOf("a", { ms: 900 }), laneOf("b", { ...brief, budget })], { money });
  const line = createTimeline(pool, () => ({ ms: 900 }));
  let instances = 0;
  for (let second = 1; second < 3_500; second += 1) {
    const onlyFirst = ({ place }: { readonly place: number }) => place === 0;
    for (const { requests } of line.arrive({ able: onlyFirst }).woken)
      instances += requests / sleeper.perInstance;
    line.runUntil(dawn + second * 1_000);
  }
  expect(instances).toBeGreaterThan(0);
  expect(instances * each).toBeLessThanOrEqual(budget.usdPerHour);
});

test("what costs nothing to start is woken for the first late answer, in a finite number", () => {
  const pool = poolWith({ usdPerSecond: 0 });
  const woken = consider(pool, choiceOf(pool, 1), dawn);
  expect(woken?.requests).toBeGreaterThan(0);
  expect(woken?.requests).toBeLessThanOrEqual(sleeper.mostInFlight);
});

/** Requests that all go to the one that is awake and would each have cost a cent elsewhere. */
function saveOn(pool: Pool, count: number, until: number): void {
  for (let turn = 0; turn < count; turn += 1) {
    const now = until - (count - turn) * 10;
    const choice = choose(pool, askAt(now), chanceOf(1));
    consider(pool, choice, now);
  }
}

const lateInItsLife = dawn + 0.88 * sleeper.idleMs;

function poolThatSaves(group = 0, terms: Partial<Terms> = {}): Pool {
  const pool = poolOf([laneOf("b", { ...sleeper, ...terms }), laneOf("a", { usd: 0.02 }, { group })]);
  pool.waking.lackUsd = 0;
  const { standing } = laneAt(pool, 0);
  standing.warmth.answered(dawn, 4, undefined);
  standing.warmth.started(lateInItsLife - 20_000);
  learnSteady(laneAt(pool, 0), 20);
  return pool;
}

test("instances are kept when they have saved what that costs, shortly before they would go, and not otherwise", () => {
  const [saved, idle] = [poolThatSaves(), poolThatSaves()];
  saveOn(saved, 300, lateInItsLife);
  expect(saved.waking.creditUsd[0]).toBeGreaterThan(1);
  expect(consider(saved, choiceOf(saved, 0), lateInItsLife + 500)).toBeUndefined();
  const kept = (pool: Pool) => {
    laneAt(pool, 0).standing.warmth.counted(dawn);
    return consider(pool, choiceOf(pool, 0, 1), lateInItsLife + 1_000);
  };
  expect(kept(saved)).toMatchObject({ lane: { place: 0 }, requests: 4 });
  expect(kept(idle)).toBeUndefined();
});

test("what an instance saved long ago does not keep it", () => {
  const pool = poolThatSaves();
  pool.waking.creditUsd[0] = 1;
  pool.waking.creditAt[0] = dawn - 6 * 3_600_000;
  expect(consider(pool, choiceOf(pool, 0, 1), lateInItsLife)).toBeUndefined();
});

test("instances are not kept over their budget", () => {
  const pool = poolThatSaves(0, { budget: { usdPerHour: 0.1, usdPerDay: forever } });
  pool.waking.creditUsd[0] = 100;
  pool.waking.creditAt[0] = lateInItsLife;
  expect(consider(pool, choiceOf(pool, 0, 1), lateInItsLife)).toBeUndefined();
});

test("where keeping costs less than one late answer it needs no credit", () => {
  const pool = poolThatSaves(0, { usdPerSecond: 0.00001 });
  expect(consider(pool, choiceOf(pool, 0, 1), lateInItsLife)?.lane).toBe(laneAt(pool, 0));
});

test("a lane saves against those of later groups too", () => {
  const pool = poolThatSaves(1);
  saveOn(pool, 300, lateInItsLife);
  expect(pool.waking.creditUsd[0]).toBeGreaterThan(1);
});

test("who is woken or kept comes with the dollars that were settled for it", () => {
  const pool = poolWith();
  const { spending, warmth } = laneAt(pool, 1).standing;
  pool.waking.lackUsd = 1;
  const woken = consider(pool, choiceOf(pool, 1), dawn);
  expect(woken?.usd).toBeGreaterThan(0);
  expect(woken?.usd).toBe(spending.spentThisHour(dawn));
  warmth.woke(dawn + 20_000, woken?.requests ?? 0, 20_000);
  pool.waking.lackUsd = 0;
  pool.waking.creditUsd[1] = 100;
  pool.waking.creditAt[1] = dawn;
  const kept = consider(pool, choiceOf(pool, 0), dawn + 520_000);
  expect(kept?.usd).toBeGreaterThan(0);
  expect((woken?.usd ?? 0) + (kept?.usd ?? 0)).toBeCloseTo(spending.spentThisHour(dawn + 520_000), 9);
});

/** A fleet that sleeps as a whole, of which the first was just woken; late answers follow, a hundred a second. */
function startLate(pool: Pool, forMs: number, from = dawn): readonly Woken[] {
  const woken: Woken[] = [];
  for (let now = from; now < from + forMs; now += 10) {
    const found = consider(pool, choiceOf(pool, 1), now);
    if (found) woken.push(found);
  }
  return woken;
}

const asleep = (...coldMs: readonly number[]): Pool => {
  const pool = poolOf(coldMs.map((ms, place) => laneOf(`${place}`, { ...sleeper, coldMs: ms })));
  pool.waking.lackUsd = 0.1;
  return pool;
};

test("where all sleep, who is late because of a start wakes nobody else", () => {
  const pool = asleep(5_000, 20_000);
  expect(startLate(pool, 5_000).map(({ lane }) => lane.place)).toEqual([0]);
  expect(pool.waking.lackUsd).toBeLessThan(0.1);
});

test("once what was woken stands, late answers count again", () => {
  const pool = asleep(5_000, 20_000);
  const [woken] = startLate(pool, 5_000);
  laneAt(pool, 0).standing.warmth.woke(dawn + 5_000, woken?.requests ?? 0, 5_000);
  expect(startLate(pool, 1_000, dawn + 8_000).length).toBeGreaterThan(0);
});

test("a start that takes long is no reason to leave one asleep that would stand sooner", () => {
  const pool = asleep(60_000, 5_000);
  laneAt(pool, 0).standing.warmth.started(dawn);
  expect(startLate(pool, 5_000).map(({ lane }) => lane.place)).toContain(1);
});
