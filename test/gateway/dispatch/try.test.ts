import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import {
  learnFromAnswer,
  learnFromFailure,
  learnFromSilence,
  slowAfterMs,
  type Try,
} from "#gateway/dispatch/try.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import { brokenDown, callersMistake, dawn, fullFor, laneAt, learnSteady } from "#test/support/lanes.ts";

const sleeper = { billing: "instance", usdPerSecond: 0.001, idleMs: 600_000, coldMs: 20_000 } as const;

function tryOf(terms: Partial<Terms> = {}, more: Partial<Try> = {}): Try {
  const lane = laneAt(poolOf([laneOf("a", terms)]), 0);
  return {
    ...{ lane, kind: "first", verdict: "chosen", sentAt: dawn, load: 1, predictedMs: 20, costUsd: 0 },
    ...{ missChance: 0, waitMs: 0, state: "out", endedAt: dawn, isSilent: false },
    ...more,
  };
}

test("an answer is slow when it is later than almost all, and what waits for an instance is given its start", () => {
  const made = tryOf();
  expect(slowAfterMs(made, 0.95)).toBeGreaterThan(made.predictedMs);
  expect(slowAfterMs(made, 0.99)).toBeGreaterThan(slowAfterMs(made, 0.95));
  const cold = tryOf({}, { predictedMs: 20_020, waitMs: 20_000 });
  expect(slowAfterMs(cold, 0.95)).toBeCloseTo(20_000 + slowAfterMs(made, 0.95), 9);
});

test("an answer teaches how long answers take, and holds nothing against its backend any more", () => {
  const made = tryOf();
  const { latency, standing } = made.lane;
  standing.breaker.failed(dawn);
  standing.breaker.failed(dawn);
  learnFromAnswer(made, dawn + 90);
  standing.breaker.failed(dawn + 91);
  expect(standing.breaker.isResting(dawn + 92)).toBe(false);
  expect(latency.predict(1, dawn + 90)).toBeGreaterThan(40);
});

test("an answer that waited for an instance teaches how long a start takes, not how long an answer does", () => {
  const made = tryOf(sleeper, { waitMs: 20_000 });
  const { latency, standing } = made.lane;
  learnFromAnswer(made, dawn + 12_000);
  expect(latency.isMeasured).toBe(false);
  expect(standing.warmth.coldMs).toBeLessThan(20_000);
  expect(standing.warmth.isAwake(dawn + 12_000)).toBe(true);
});

test("an answer of one that may sleep is cold too when it took as long as a start without anybody foreseeing it", () => {
  const made = tryOf(sleeper);
  learnFromAnswer(made, dawn + 15_000);
  expect(made.lane.latency.isMeasured).toBe(false);
});

test("what is always there has no cold starts to blame", () => {
  const made = tryOf();
  learnFromAnswer(made, dawn + 15_000);
  expect(made.lane.latency.isMeasured).toBe(true);
});

test("silence teaches only once it is longer than foreseen, and not while an instance starts", () => {
  const [soon, cold, late] = [tryOf(), tryOf(sleeper, { waitMs: 20_000 }), tryOf()];
  for (const { lane } of [soon, cold, late]) learnSteady(lane, 20);
  const before = late.lane.latency.predict(1, dawn);
  learnFromSilence(soon, dawn + 10);
  learnFromSilence(cold, dawn + 30_000);
  learnFromSilence(late, dawn + 300);
  const after = [soon, cold, late].map(({ lane }) => lane.latency.predict(1, dawn));
  expect(after[0]).toBe(before);
  expect(after[1]).toBe(before);
  expect(after[2]).toBeGreaterThan(before);
});

test("failures of the backend eject it, its caller's mistakes never do", () => {
  const [broken, mistaken] = [tryOf(), tryOf()];
  for (let turn = 0; turn < 10; turn += 1) {
    learnFromFailure(broken, brokenDown, dawn);
    learnFromFailure(mistaken, callersMistake, dawn);
  }
  expect(broken.lane.standing.breaker.isResting(dawn + 1)).toBe(true);
  expect(mistaken.lane.standing.breaker.isResting(dawn + 1)).toBe(false);
});

test("who says when to come again is full until then, and has not failed", () => {
  const made = tryOf();
  const { breaker } = made.lane.standing;
  for (let turn = 0; turn < 10; turn += 1) learnFromFailure(made, fullFor(5_000), dawn);
  expect({ most: breaker.most(dawn + 4_999), rests: breaker.isResting(dawn + 1) }).toEqual({
    ...{ most: 0, rests: false },
  });
  expect(breaker.most(dawn + 5_000)).toBeGreaterThan(1);
});

test("a failure teaches nothing of speed, so that who fails fast is not taken for fast", () => {
  const made = tryOf();
  learnFromFailure(made, brokenDown, dawn + 1);
  expect(made.lane.latency.isMeasured).toBe(false);
});

test("a try whose silence was already held against its backend does not count again when it fails", () => {
  const made = tryOf({}, { isSilent: true });
  const { breaker } = made.lane.standing;
  breaker.failed(dawn);
  learnFromFailure(made, brokenDown, dawn + 1);
  expect(breaker.failed(dawn + 2)).toBe(false);
  expect(breaker.failed(dawn + 3)).toBe(true);
});
