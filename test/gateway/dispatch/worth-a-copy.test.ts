import { expect, test } from "vitest";
import type { Choice } from "#gateway/dispatch/choose.ts";
import type { Try } from "#gateway/dispatch/try.ts";
import { isWorthACopy, type WorthAsk } from "#gateway/dispatch/worth-a-copy.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import { dawn, laneAt } from "#test/support/lanes.ts";
import { seededRandom } from "#test/support/random.ts";

const pool = poolOf([laneOf("a"), laneOf("b")]);

const made: Try = {
  ...{ lane: laneAt(pool, 0), kind: "first", verdict: "chosen", sentAt: dawn, load: 1, predictedMs: 50 },
  ...{ costUsd: 0, missChance: 0, waitMs: 0, state: "out", endedAt: dawn, isSilent: false },
};

const copyOf = (more: Partial<Choice> = {}): Choice => ({
  ...{ lane: laneAt(pool, 1), load: 1, predictedMs: 40, costUsd: 0, missChance: 0, verdict: "chosen" },
  ...more,
});

const askOf = (more: Partial<WorthAsk> = {}): WorthAsk => ({
  ...{ money: { usdPerMiss: 0.01, usdPerSecond: 0 }, now: dawn + 200, deadlineAt: dawn + 250, scarcity: 0 },
  ...more,
});

test("a copy that will be in time for next to nothing is worth it where the first is about to be late", () => {
  expect(isWorthACopy(made, copyOf({ costUsd: 0.0001 }), askOf())).toBe(true);
});

test("no copy is worth more than what it may save", () => {
  expect(isWorthACopy(made, copyOf({ costUsd: 0.011 }), askOf())).toBe(false);
});

test("a copy that would be late itself saves nothing", () => {
  expect(isWorthACopy(made, copyOf({ missChance: 1, costUsd: 0.0001 }), askOf())).toBe(false);
});

test("where the answer will surely still be in time a copy is not worth its price", () => {
  const early = askOf({ now: dawn + 10, deadlineAt: dawn + 60_000 });
  expect(isWorthACopy(made, copyOf({ costUsd: 0.0001 }), early)).toBe(false);
});

test("who is late already may still be answered sooner, where seconds are worth something", () => {
  const late = { now: dawn + 5_000, deadlineAt: dawn + 250 };
  const copy = copyOf({ missChance: 1, costUsd: 0.0001 });
  expect(isWorthACopy(made, copy, askOf(late))).toBe(false);
  const money = { usdPerMiss: 0.01, usdPerSecond: 0.001 };
  expect(isWorthACopy(made, copy, askOf({ ...late, money }))).toBe(true);
});

test("the last copies leave only for those that would be late without them", () => {
  // Of those that have taken so long a tenth at most will be late still.
  const early = { now: dawn + 60, deadlineAt: dawn + 200 };
  expect(isWorthACopy(made, copyOf(), askOf(early))).toBe(true);
  expect(isWorthACopy(made, copyOf(), askOf({ ...early, scarcity: 1 }))).toBe(false);
  expect(isWorthACopy(made, copyOf(), askOf({ now: dawn + 248, scarcity: 1 }))).toBe(true);
});

test("what waits for an instance is not slow because of that", () => {
  const cold = { ...made, waitMs: 20_000, predictedMs: 20_050 };
  const ask = askOf({ now: dawn + 200, deadlineAt: dawn + 25_000 });
  expect(isWorthACopy(cold, copyOf({ costUsd: 0.0001 }), ask)).toBe(false);
});

test("a dearer copy, a likelier late one, or a scarcer one is never worth it where a better one was not", () => {
  const random = seededRandom(11);
  for (let turn = 0; turn < 2_000; turn += 1) {
    const money = { usdPerMiss: random.between(0, 0.02), usdPerSecond: random.between(0, 0.002) };
    const [costUsd, missChance] = [random.between(0, 0.01), random.between(0, 1)];
    const ask = askOf({
      ...{ money, now: dawn + random.between(0, 400), deadlineAt: dawn + random.between(1, 400) },
      scarcity: random.between(0, 1),
    });
    if (isWorthACopy(made, copyOf({ costUsd, missChance }), ask)) continue;
    const worse = copyOf({ costUsd: costUsd * 1.5, missChance: (1 + missChance) / 2 });
    const scarcer = { ...ask, scarcity: (1 + ask.scarcity) / 2 };
    expect(
      isWorthACopy(made, worse, ask) || isWorthACopy(made, copyOf({ costUsd, missChance }), scarcer),
    ).toBe(false);
  }
});

test("who waits for a silent one is worth any copy that costs less than a miss, even the last", () => {
  const silent = { ...made, isSilent: true };
  const last = askOf({ now: dawn + 200, deadlineAt: dawn + 60_000, scarcity: 1 });
  expect(isWorthACopy(made, copyOf({ costUsd: 0.0001 }), last)).toBe(false);
  expect(isWorthACopy(silent, copyOf({ costUsd: 0.0001 }), last)).toBe(true);
  expect(isWorthACopy(silent, copyOf({ costUsd: 0.0001, missChance: 1 }), last)).toBe(true);
  expect(isWorthACopy(silent, copyOf({ costUsd: 0.011 }), last)).toBe(false);
});
