import { expect, test } from "vitest";
import type { Pool } from "#gateway/dispatch/pool.ts";
import type { Try } from "#gateway/dispatch/try.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import {
  brokenDown,
  chanceOf,
  createTimeline,
  dawn,
  type Fate,
  type Traveller,
} from "#test/support/lanes.ts";
import { seededRandom } from "#test/support/random.ts";

const everyMs = 20;

/** Fifty requests a second, for so long. */
function flow(pool: Pool, seconds: number, fateOf: (made: Try, now: number) => Fate): readonly Traveller[] {
  const line = createTimeline(pool, (made, now) => fateOf(made, now), { chance: chanceOf(12) });
  const travellers: Traveller[] = [];
  for (let at = dawn; at < dawn + seconds * 1_000; at += everyMs) {
    line.runUntil(at);
    travellers.push(line.arrive());
  }
  line.runUntil(line.now() + 60_000);
  return travellers;
}

const between = (travellers: readonly Traveller[], from: number, to: number) =>
  travellers.filter(({ startedAt }) => startedAt >= dawn + from * 1_000 && startedAt < dawn + to * 1_000);

const shareOf = (travellers: readonly Traveller[], place: number) =>
  travellers.filter(({ sent }) => sent[0]?.lane.place === place).length / travellers.length;

const lateShare = (travellers: readonly Traveller[]) =>
  travellers.filter(
    ({ endings, endedAt, startedAt }) => endings[0]?.kind !== "answered" || endedAt - startedAt > 250,
  ).length / travellers.length;

/** 20 ms or so, each a little different. */
function noisy(seed: number): (factor?: number) => number {
  const random = seededRandom(seed);
  return (factor = 1) => 20 * factor * random.between(0.9, 1.2);
}

const pair = () => poolOf([laneOf("a"), laneOf("b", { usd: 0.0005 })]);

test("one that turns ten times slower keeps few late, and has its requests back within ten seconds of its recovery", () => {
  const ms = noisy(1);
  const isSlow = (now: number) => now >= dawn + 20_000 && now < dawn + 50_000;
  const fateOf = ({ lane }: Try, now: number) => ({ ms: ms(lane.place === 0 && isSlow(now) ? 20 : 1) });
  const travellers = flow(pair(), 80, fateOf);
  expect(shareOf(between(travellers, 5, 20), 0)).toBeGreaterThan(0.9);
  expect(shareOf(between(travellers, 25, 50), 0)).toBeLessThan(0.2);
  expect(lateShare(between(travellers, 20, 50))).toBeLessThan(0.02);
  expect(shareOf(between(travellers, 60, 80), 0)).toBeGreaterThan(0.8);
});

test("one that fails for a while costs no request more than its retry, and has its requests back soon after", () => {
  const ms = noisy(2);
  const isDown = (now: number) => now >= dawn + 10_000 && now < dawn + 20_000;
  const fateOf = ({ lane }: Try, now: number): Fate =>
    lane.place === 0 && isDown(now) ? { ms: 2, failure: brokenDown } : { ms: ms() };
  const travellers = flow(pair(), 60, fateOf);
  expect(lateShare(travellers)).toBe(0);
  expect(shareOf(between(travellers, 11, 20), 0)).toBeLessThan(0.05);
  expect(shareOf(between(travellers, 40, 60), 0)).toBeGreaterThan(0.9);
});

test("of several that are alike each gets its part of the requests", () => {
  const ms = noisy(3);
  const pool = poolOf(Array.from({ length: 6 }, (_, place) => laneOf(`b${place}`)));
  const travellers = flow(pool, 60, () => ({ ms: ms() }));
  for (const { place } of pool.lanes) expect(shareOf(travellers, place), `${place}`).toBeGreaterThan(0.005);
});

test("one bad moment at its start does not keep a backend out", () => {
  const ms = noisy(4);
  let asked = 0;
  const fateOf = ({ lane }: Try): Fate => {
    if (lane.place === 0) asked += 1;
    return { ms: ms(lane.place === 0 && asked < 3 ? 50 : 1) };
  };
  const travellers = flow(pair(), 60, fateOf);
  expect(shareOf(between(travellers, 30, 60), 0)).toBeGreaterThan(0.8);
});

test("a first group that was slow is first again soon after its recovery", () => {
  const ms = noisy(6);
  const pool = poolOf([laneOf("a", { usd: 0.0005 }), laneOf("b", {}, { group: 1 })]);
  const isSlow = (now: number) => now >= dawn + 10_000 && now < dawn + 30_000;
  const fateOf = ({ lane }: Try, now: number) => ({ ms: ms(lane.place === 0 && isSlow(now) ? 40 : 1) });
  const travellers = flow(pool, 60, fateOf);
  expect(shareOf(between(travellers, 3, 10), 0)).toBeGreaterThan(0.9);
  expect(shareOf(between(travellers, 15, 30), 1)).toBeGreaterThan(0.7);
  expect(shareOf(between(travellers, 40, 60), 0)).toBeGreaterThan(0.8);
});

test("one that answered nobody for a while is hidden by copies and retries, and used again when it answers", () => {
  const ms = noisy(7);
  const isSilent = (now: number) => now >= dawn + 10_000 && now < dawn + 20_000;
  const fateOf = ({ lane }: Try, now: number): Fate => ({
    ms: lane.place === 0 && isSilent(now) ? 60_000 : ms(),
  });
  const travellers = flow(pair(), 60, fateOf);
  expect(lateShare(between(travellers, 10, 20))).toBeLessThan(0.02);
  expect(shareOf(between(travellers, 40, 60), 0)).toBeGreaterThan(0.9);
});

test("who says again and again when to come again is asked again each time", () => {
  const ms = noisy(5);
  const full = { retryable: true, isBackends: true, isFull: true, retryAfterMs: 1_000 };
  const isFull = (now: number) => now < dawn + 20_000;
  const fateOf = ({ lane }: Try, now: number): Fate =>
    lane.place === 0 && isFull(now) ? { ms: 2, failure: full } : { ms: ms() };
  const travellers = flow(pair(), 40, fateOf);
  expect(lateShare(travellers)).toBe(0);
  const asks = between(travellers, 0, 20).filter(({ sent }) => sent[0]?.lane.place === 0).length;
  expect(asks).toBeGreaterThan(10);
  expect(asks).toBeLessThan(60);
  expect(shareOf(between(travellers, 22, 40), 0)).toBeGreaterThan(0.9);
});
