import { expect, test } from "vitest";
import type { RolloutState } from "#gateway/operations/rollouts/rollout.ts";
import { mostBetweenMs, withoutUnseenTime } from "#gateway/operations/rollouts/unseen-time.ts";

const state = (since: number, seenAt?: number): RolloutState => ({
  ...{ place: 0, step: "measure", share: 0, since, seenAt, waiting: "", back: "", revisions: {} },
  history: [],
});

const sinceOf = (given: RolloutState, now: number, thawedAt?: number): number =>
  withoutUnseenTime(given, { now, thawedAt }).since;

test("while somebody looks every now and then a step's time goes on", () => {
  expect(sinceOf(state(1_000, 50_000), 50_000 + mostBetweenMs)).toBe(1_000);
  expect(sinceOf(state(1_000), 9_000_000)).toBe(1_000);
});

test("a time in which nobody looked counts as one look, however long it was", () => {
  const now = 50_000 + 3_600_000;
  expect(sinceOf(state(1_000, 50_000), now)).toBe(1_000 + 3_600_000 - mostBetweenMs);
});

test("looks that are far apart still come to an end", () => {
  let given = state(0, 0);
  for (let now = 100_000; now <= 100_000 * 60; now += 100_000)
    given = { ...withoutUnseenTime(given, { now, thawedAt: undefined }), seenAt: now };
  expect(100_000 * 60 - given.since).toBe(60 * mostBetweenMs);
});

test("what was not seen after a thaw does not count either, and no clock moves a step into the future", () => {
  const now = 4_000_000;
  expect(sinceOf(state(1_000, 3_000_000), now, 2_900_000)).toBe(2_900_000 + 1_000_000 - mostBetweenMs);
  expect(sinceOf(state(1_000, 3_000_000), now, 3_999_000)).toBeLessThanOrEqual(now);
  expect(sinceOf(state(1_000, 5_000_000), now)).toBe(1_000);
  expect(sinceOf(state(3_990_000, 1_000), now)).toBeLessThanOrEqual(now);
});
