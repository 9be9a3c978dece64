import { expect, test } from "vitest";
import { createHourlyPurse } from "#gateway/agreement/hourly-purse.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { seededRandom } from "#test/support/random.ts";

test("no hour, wherever it begins, costs more than it may, though what was thought is not what was spent", () => {
  const [random, clock] = [seededRandom(61), createFakeClock()];
  const purse = createHourlyPurse(clock);
  const payments: { readonly at: number; readonly usd: number }[] = [];
  let settling: (() => void)[] = [];
  while (clock.elapsed() < 12 * 3_600_000) {
    clock.advance(random.integer(0, 40_000));
    if (random.chance(0.2)) {
      for (const settle of settling) settle();
      settling = [];
    }
    const usd = random.chance(0.05) ? random.between(0, 1.2) : random.between(0, 0.05);
    const taken = purse.take(usd, 1);
    if (!taken) continue;
    const real = usd * random.between(0, 1);
    settling.push(() => taken.settle(real));
    payments.push({ at: clock.elapsed(), usd: real });
  }
  expect(payments.length).toBeGreaterThan(100);
  for (const { at } of payments) {
    const hour = payments.filter((one) => one.at >= at && one.at < at + 3_600_000);
    expect(hour.reduce((sum, { usd }) => sum + usd, 0)).toBeLessThanOrEqual(1 + 1e-9);
  }
  const spent = payments.reduce((sum, { usd }) => sum + usd, 0);
  expect(spent).toBeGreaterThan(0.8 * 11);
});

test("a busy minute leaves money for the rest of the hour", () => {
  const clock = createFakeClock();
  const purse = createHourlyPurse(clock);
  let minutes = 0;
  for (let minute = 0; minute < 60; minute += 1) {
    let taken = 0;
    while (purse.take(0.001, 1)) taken += 1;
    if (taken > 0) minutes += 1;
    expect(taken).toBeLessThanOrEqual(67);
    clock.advance(60_000);
  }
  expect(minutes).toBeGreaterThanOrEqual(15);
});

test("a purse that was left alone for days is full, and forgets nothing before", () => {
  const clock = createFakeClock();
  const purse = createHourlyPurse(clock);
  expect(purse.take(1, 1)).toBeDefined();
  clock.advance(3_599_000);
  expect(purse.take(0.1, 1)).toBeUndefined();
  expect(purse.spentInHour()).toBe(1);
  clock.advance(100 * 3_600_000);
  expect(purse.spentInHour()).toBe(0);
  expect(purse.take(1, 1)).toBeDefined();
});

test("what was not spent comes back, and what was spent beyond it is owed", () => {
  const clock = createFakeClock();
  const purse = createHourlyPurse(clock);
  purse.take(0.5, 1)?.settle(0);
  expect(purse.spentInHour()).toBe(0);
  const taken = purse.take(0.5, 1);
  taken?.settle(3);
  expect(purse.spentInHour()).toBe(3);
  expect(purse.take(0, 1)).toBeUndefined();
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, -1]) taken?.settle(wrong);
  expect(purse.spentInHour()).toBe(3);
});

test("what is settled after its hour changes nothing of this one", () => {
  const clock = createFakeClock();
  const purse = createHourlyPurse(clock);
  const old = purse.take(1, 1);
  clock.advance(61 * 60_000);
  expect(purse.take(0.7, 1)).toBeDefined();
  old?.settle(0);
  expect(purse.spentInHour()).toBe(0.7);
});

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])("a price of %s is not paid", (usd) => {
  const purse = createHourlyPurse(createFakeClock());
  expect(purse.take(usd, 1)).toBeUndefined();
  expect(purse.take(0.1, Number.NaN)).toBeUndefined();
});
