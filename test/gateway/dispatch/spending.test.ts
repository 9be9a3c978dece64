import { expect, test } from "vitest";
import { Spending } from "#gateway/dispatch/spending.ts";
import { dawn, forever } from "#test/support/lanes.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const hour = 3_600_000;

/** One random hold or settlement; answers what is under way afterwards. */
function doSomething(spending: Spending, held: number[], random: Random, now: number): number {
  const usd = random.between(0, 0.3);
  if (random.chance(0.6)) {
    if (!spending.has(usd, now)) return 0;
    spending.hold(usd);
    held.push(usd);
    return held.reduce((sum, each) => sum + each, 0);
  }
  const [one] = held.splice(random.integer(0, held.length - 1), 1);
  if (one !== undefined) spending.settle(one, random.chance(0.3) ? 0 : one, now);
  return 0;
}

test("what was spent and what is held together never pass the hour's and the day's budget, while hours turn", () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const random = seededRandom(seed);
    const budget = { usdPerHour: random.between(0.5, 2), usdPerDay: random.between(2, 10) };
    const spending = new Spending(budget);
    const held: number[] = [];
    let now = dawn;
    for (let turn = 0; turn < 600; turn += 1) {
      now += random.between(0, hour / 60);
      const out = doSomething(spending, held, random, now);
      if (out === 0) continue;
      expect(spending.spentThisHour(now) + out).toBeLessThanOrEqual(budget.usdPerHour + 1e-9);
      expect(spending.spentToday(now) + out).toBeLessThanOrEqual(budget.usdPerDay + 1e-9);
    }
  }
});

test("an empty budget refuses the next dollar until the hour turns", () => {
  const spending = new Spending({ usdPerHour: 1, usdPerDay: forever });
  spending.hold(1);
  spending.settle(1, 1, dawn);
  expect(spending.has(0.01, dawn + hour - 1)).toBe(false);
  expect(spending.has(0.01, dawn + hour)).toBe(true);
});

test("a day's budget outlives its hours", () => {
  const spending = new Spending({ usdPerHour: forever, usdPerDay: 1 });
  spending.settle(0, 1, dawn);
  expect(spending.has(0.01, dawn + 23 * hour)).toBe(false);
  expect(spending.has(0.01, dawn + 24 * hour)).toBe(true);
});

test("what is held counts until it is settled, and what it did not cost is free again", () => {
  const spending = new Spending({ usdPerHour: 1, usdPerDay: forever });
  spending.hold(0.8);
  expect(spending.has(0.3, dawn)).toBe(false);
  spending.settle(0.8, 0, dawn);
  expect({ has: spending.has(1, dawn), spent: spending.spentThisHour(dawn) }).toEqual({
    has: true,
    spent: 0,
  });
});

test("without a budget there is always money, and what is spent is counted all the same", () => {
  const spending = new Spending({ usdPerHour: forever, usdPerDay: forever });
  spending.settle(0, 1_000, dawn);
  expect({ has: spending.has(1e9, dawn), spent: spending.spentToday(dawn) }).toEqual({
    ...{ has: true, spent: 1_000 },
  });
});

test("a budget of nothing allows what is free and nothing else", () => {
  const spending = new Spending({ usdPerHour: 0, usdPerDay: 0 });
  expect([spending.has(0, dawn), spending.has(1e-9, dawn)]).toEqual([true, false]);
});

test("new terms know what was spent under the old ones, and what is settled there later", () => {
  const before = new Spending({ usdPerHour: 1, usdPerDay: forever });
  before.settle(0, 0.5, dawn);
  const after = new Spending({ usdPerHour: 2, usdPerDay: forever }, before);
  before.settle(0, 0.5, dawn);
  expect({ spent: after.spentThisHour(dawn), most: after.has(1, dawn), more: after.has(1.1, dawn) }).toEqual({
    ...{ spent: 1, most: true, more: false },
  });
});

test("money held under the old terms counts under the new ones", () => {
  const before = new Spending({ usdPerHour: 1, usdPerDay: forever });
  before.hold(0.6);
  const after = new Spending({ usdPerHour: 1, usdPerDay: forever }, before);
  expect(after.has(0.6, dawn)).toBe(false);
});

/** A second in which each gateway spends what it may, and at whose end all tell. */
function passASecond(gateways: readonly Spending[], random: Random, now: number): number {
  for (const gateway of gateways) {
    const usd = random.between(0, 0.1);
    if (!gateway.has(usd, now)) continue;
    gateway.hold(usd);
    gateway.settle(usd, usd, now);
  }
  return gateways.reduce((sum, gateway) => sum + gateway.take(now).hour, 0);
}

test("gateways that tell each other what they settled never pass their common budget together", () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const random = seededRandom(seed);
    const count = random.integer(2, 5);
    const gateways = Array.from({ length: count }, () => new Spending({ usdPerHour: 1, usdPerDay: forever }));
    for (const gateway of gateways) gateway.shareAmong(count);
    let all = 0;
    for (let now = dawn; now < dawn + 60_000; now += 1_000) {
      all += passASecond(gateways, random, now);
      for (const gateway of gateways) gateway.learn({ hour: all, day: all }, count, now);
    }
    expect(all).toBeLessThanOrEqual(1 + 1e-9);
    expect(all).toBeGreaterThan(0.8);
  }
});

test("what was spent is told once, and again where it could not be told", () => {
  const spending = new Spending({ usdPerHour: forever, usdPerDay: forever });
  spending.settle(0, 2, dawn);
  const taken = spending.take(dawn);
  expect(taken).toEqual({ hour: 2, day: 2 });
  expect(spending.take(dawn)).toEqual({ hour: 0, day: 0 });
  spending.giveBack(taken, dawn, dawn + 1);
  expect(spending.take(dawn + 1)).toEqual({ hour: 2, day: 2 });
});

test("what could not be told before the hour turned is told of the day alone", () => {
  const spending = new Spending({ usdPerHour: forever, usdPerDay: forever });
  spending.settle(0, 2, dawn);
  const taken = spending.take(dawn);
  spending.giveBack(taken, dawn, dawn + hour);
  expect(spending.take(dawn + hour)).toEqual({ hour: 0, day: 2 });
});

test("what others told is all that was spent, what came since on top", () => {
  const spending = new Spending({ usdPerHour: 10, usdPerDay: 10 });
  spending.settle(0, 1, dawn);
  spending.take(dawn);
  spending.settle(0, 0.5, dawn);
  spending.learn({ hour: 4, day: 6 }, 1, dawn);
  expect([spending.spentThisHour(dawn), spending.spentToday(dawn)]).toEqual([4.5, 6.5]);
  expect(spending.known(dawn)).toEqual({ hour: 4, day: 6 });
});
