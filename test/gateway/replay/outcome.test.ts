import { expect, test } from "vitest";
import { outcomeOf, quantileOf } from "#gateway/replay/outcome.ts";
import { createRecorder } from "#gateway/replay/simulation/recorder.ts";
import { seededRandom } from "#test/support/random.ts";

const bill = { usd: 3, variableUsd: 1, egressUsd: 0.5, paidSeconds: 60 };

function outcome(latencyMs: readonly number[], from = 0) {
  const recorder = createRecorder(latencyMs.length, from, 1);
  recorder.latencyMs.set(latencyMs);
  const backends = [{ name: "a", bill, started: 2 }];
  const terms = { sloMs: 100, usdPerMiss: 0.5, timeoutMs: 1_000, chooseUs: undefined };
  return outcomeOf({ recorder, ...terms, backends });
}

test("late and unanswered requests are misses, and cost what a miss costs beside the bills", () => {
  const seen = outcome([50, 100, 101, Number.POSITIVE_INFINITY]);
  expect(seen).toMatchObject({ requests: 4, answered: 3, failed: 1, misses: 2, attainment: 0.5 });
  expect(seen.usd).toEqual({ total: 3, variable: 1, egress: 0.5 });
  expect(seen.cost).toBe(3 + 2 * 0.5);
  expect(seen.costPerMillion).toBe(1e6);
  expect(seen.usdPerMillion).toEqual({ total: 750_000, variable: 250_000 });
});

test("a request without an answer counts as one that took all the time there was", () => {
  const { latencyMs } = outcome([50, Number.POSITIVE_INFINITY]);
  expect(latencyMs).toMatchObject({ mean: 525, p50: 50, p99: 1_000, most: 1_000 });
});

test("what came while the run warmed up is left out", () => {
  expect(outcome([900, 900, 50, 50], 2)).toMatchObject({ requests: 2, misses: 0, latencyMs: { most: 50 } });
});

test("a run without requests has nothing to divide by, and says so with zeros", () => {
  const seen = outcome([]);
  expect(seen).toMatchObject({ requests: 0, attainment: 1, triesPerRequest: 0, costPerMillion: 0 });
  expect(seen.latencyMs).toEqual({ mean: 0, p50: 0, p95: 0, p99: 0, p999: 0, most: 0 });
  expect(JSON.stringify(seen)).not.toContain("null");
});

test("a quantile is the smallest value that as many do not exceed", () => {
  const random = seededRandom(5);
  for (let turn = 0; turn < 200; turn += 1) {
    const values = Float64Array.from({ length: random.integer(1, 60) }, () => random.integer(0, 20)).sort();
    const share = random.between(0.01, 1);
    const found = quantileOf(values, share);
    const upTo = values.filter((value) => value <= found).length;
    const below = values.filter((value) => value < found).length;
    expect(upTo).toBeGreaterThanOrEqual(share * values.length);
    expect(below).toBeLessThan(share * values.length);
  }
});
