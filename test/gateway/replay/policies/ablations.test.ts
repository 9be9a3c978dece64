import { expect, test } from "vitest";
import { ablations } from "#gateway/replay/policies/ablations.ts";
import { tradewind } from "#gateway/replay/policies/tradewind.ts";
import { askAt, chanceOf, laneAt, placesOf, poolOf } from "./lanes.ts";

function open(name: string) {
  const found = ablations[name];
  if (!found) throw new Error(`no ablation ${name}`);
  return found;
}

test("a glass changes nothing but what it is for: lanes are the pool's own, and counts are those of now", () => {
  for (const name of Object.keys(ablations)) {
    const pool = poolOf([{ mostInFlight: 1 }, { mostInFlight: 1, prior: { baseMs: 30, perInFlightMs: 1 } }]);
    const policy = open(name)(pool, chanceOf(1));
    const first = policy.choose(pool, askAt(1_000), chanceOf(1));
    expect(first?.lane, name).toBe(laneAt(pool, 0));
    laneAt(pool, 0).standing.inFlight = 1;
    expect(policy.choose(pool, askAt(1_000), chanceOf(1))?.lane, name).toBe(laneAt(pool, 1));
    laneAt(pool, 0).standing.inFlight = 0;
    const able = (lane: unknown) => lane === laneAt(pool, 1);
    expect(policy.choose(pool, { ...askAt(1_000), able }, chanceOf(1))?.lane, name).toBe(laneAt(pool, 1));
  }
});

test("with list prices what is paid for anyway is no longer free", () => {
  const pool = poolOf([
    { usdPerSecond: 1 },
    { billing: "request", usdPerSecond: 0.0001, prior: { baseMs: 30, perInFlightMs: 1 } },
  ]);
  expect(placesOf(tradewind(pool, chanceOf(1)), pool, 1)).toEqual([0]);
  expect(placesOf(open("tradewind-list-price")(pool, chanceOf(1)), pool, 1)).toEqual([1]);
});

test("without age decay old bad news keeps a backend out", () => {
  const pool = poolOf([{}, { prior: { baseMs: 60, perInFlightMs: 1 } }]);
  const { latency } = laneAt(pool, 0);
  for (let turn = 0; turn < 30; turn += 1) latency.learn({ at: 1_000, ms: 20, load: 1, predictedMs: 20 });
  for (let turn = 0; turn < 5; turn += 1) latency.learnOverdue({ at: 1_000, ms: 2_000, load: 1 });
  expect(placesOf(tradewind(pool, chanceOf(1)), pool, 1, 60_000)).toEqual([0]);
  expect(placesOf(open("tradewind-no-age-decay")(pool, chanceOf(1)), pool, 1, 60_000)).toEqual([1]);
});

test("without the tail a middle just in time is as good as any", () => {
  const near = { prior: { baseMs: 240, perInFlightMs: 1 } };
  const pool = poolOf([near, { billing: "request", usdPerRequest: 0.001 }]);
  expect(placesOf(tradewind(pool, chanceOf(1)), pool, 1)).toEqual([1]);
  expect(placesOf(open("tradewind-no-tail")(pool, chanceOf(1)), pool, 1)).toEqual([0]);
});

test("without single flight an unmeasured backend gets as many at once as anybody", () => {
  const pool = poolOf([{}, { prior: { baseMs: 60, perInFlightMs: 1 } }]);
  laneAt(pool, 0).standing.inFlight = 1;
  expect(placesOf(tradewind(pool, chanceOf(1)), pool, 1)).toEqual([1]);
  expect(placesOf(open("tradewind-no-single-flight")(pool, chanceOf(1)), pool, 1)).toEqual([0]);
});
