import { expect, test } from "vitest";
import type { Standing } from "#gateway/dispatch/standing.ts";
import { laneOf } from "#test/support/courses.ts";
import { dawn } from "#test/support/lanes.ts";
import { seededRandom } from "#test/support/random.ts";

const open = (): Standing => laneOf("a").standing;

function lookLong(standing: Standing): void {
  for (let turn = 0; turn < 100; turn += 1) standing.look();
}

test("with one gateway the next request finds those that are there, and itself", () => {
  const standing = open();
  expect(standing.load(dawn)).toBe(1);
  standing.inFlight = 7;
  expect(standing.load(dawn)).toBe(8);
});

test("others of whom nothing is heard are taken to have as many as this one", () => {
  const standing = open();
  standing.shareAmong(4);
  standing.inFlight = 5;
  expect(standing.load(dawn)).toBe(4 * 5 + 1);
});

test("what others tell counts, and is forgotten when they stop telling", () => {
  const standing = open();
  standing.shareAmong(2);
  lookLong(standing);
  standing.heardRemote(9, dawn);
  expect(standing.load(dawn)).toBe(10);
  expect(standing.load(dawn + 60_000)).toBe(1);
});

test("a burst that comes here is taken to have come to those that are like this one", () => {
  const standing = open();
  standing.shareAmong(2);
  standing.inFlight = 10;
  lookLong(standing);
  standing.heardRemote(10, dawn);
  const before = standing.load(dawn);
  standing.inFlight = 20;
  expect(standing.load(dawn) - before).toBeGreaterThan(11);
});

test("a burst here says little of others that had nothing while this one was busy", () => {
  const standing = open();
  standing.shareAmong(2);
  standing.inFlight = 10;
  lookLong(standing);
  standing.heardRemote(0, dawn);
  standing.inFlight = 20;
  expect(standing.load(dawn)).toBeLessThan(23);
});

test("what is usual follows what is there, slowly enough that one moment says little", () => {
  const standing = open();
  standing.inFlight = 10;
  standing.look();
  expect(standing.usual).toBeLessThan(5);
  lookLong(standing);
  expect(standing.usual).toBeCloseTo(10, 3);
});

test("whatever others tell, a load is a whole number and at least one with what is here", () => {
  const random = seededRandom(3);
  const standing = open();
  for (let turn = 0; turn < 2_000; turn += 1) {
    standing.shareAmong(random.integer(1, 6));
    standing.inFlight = random.integer(0, 50);
    if (random.chance(0.5)) standing.look();
    if (random.chance(0.3)) standing.heardRemote(random.integer(0, 500), dawn + turn * 300);
    const load = standing.load(dawn + turn * 300 + random.between(0, 5_000));
    expect(load).toBeGreaterThanOrEqual(standing.inFlight + 1);
    expect(Number.isInteger(load)).toBe(true);
  }
});
