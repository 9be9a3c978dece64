import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import { choose } from "#gateway/dispatch/choose.ts";
import { howToWait } from "#gateway/dispatch/how-to-wait.ts";
import type { Pool } from "#gateway/dispatch/pool.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import { askAt, chanceOf, dawn, laneAt, learnSteady } from "#test/support/lanes.ts";

function poolWith(...terms: Partial<Terms>[]): Pool {
  const pool = poolOf(terms.map((own, place) => laneOf(`b${place}`, own)));
  for (const lane of pool.lanes) learnSteady(lane, 20, { count: 100, at: dawn - 1_000 });
  return pool;
}

/** What a request does that has waited for so long and has so much time in all. */
function waits(pool: Pool, { waitedMs = 0, allowedMs = 250 } = {}) {
  const now = dawn + waitedMs;
  const deadlineAt = dawn + allowedMs;
  const choice = choose(pool, askAt(now, { deadlineAt }), chanceOf(1));
  return howToWait(choice, { pool, now, startedAt: dawn, deadlineAt });
}

test("who will be in time does not wait", () => {
  expect(waits(poolWith({}))).toBeUndefined();
});

test("where everyone is full a request stands in line for as long as it may still be in time", () => {
  const pool = poolWith({ mostInFlight: 2 });
  laneAt(pool, 0).standing.inFlight = 2;
  expect(waits(pool)).toBe("in line");
  expect(waits(pool, { waitedMs: 100 })).toBe("in line");
  expect(waits(pool, { waitedMs: 1_000 })).toBeUndefined();
});

test("nobody stands in line for one that rests, sleeps, or has said when to come again", () => {
  const [rests, says, sleeps] = [
    poolWith({ mostInFlight: 1 }),
    poolWith({ mostInFlight: 1 }),
    poolWith({ mostInFlight: 1, coldMs: 5_000, idleMs: 60_000 }),
  ];
  for (const pool of [rests, says, sleeps]) laneAt(pool, 0).standing.inFlight = 1;
  for (let turn = 0; turn < 3; turn += 1) laneAt(rests, 0).standing.breaker.failed(dawn);
  laneAt(says, 0).standing.breaker.full(dawn, 10_000);
  expect([rests, says, sleeps].map((pool) => waits(pool))).toEqual([undefined, undefined, undefined]);
});

test("rather than wait for a cold start a request waits for one that is only full", () => {
  const pool = poolWith({ mostInFlight: 1 }, { coldMs: 20_000, idleMs: 60_000, billing: "instance" });
  laneAt(pool, 0).standing.inFlight = 1;
  expect(waits(pool)).toBe("in line");
  laneAt(pool, 0).standing.inFlight = 0;
  expect(waits(pool)).toBeUndefined();
});

test("in a crowd that nobody can serve in time a request stands aside for a while, and goes in the end", () => {
  const pool = poolWith({ prior: { baseMs: 20, perInFlightMs: 20 } });
  const lane = laneAt(pool, 0);
  for (const load of [1, 4, 16, 32]) learnSteady(lane, 20 * load, { load, at: dawn - 500, count: 60 });
  lane.standing.inFlight = 40;
  expect(waits(pool)).toBe("aside");
  expect(waits(pool, { waitedMs: 60_000 })).toBeUndefined();
  lane.standing.inFlight = 0;
  expect(waits(pool)).toBeUndefined();
});

test("who would be late even alone does not wait for others to pass", () => {
  const pool = poolWith({});
  const lane = laneAt(pool, 0);
  learnSteady(lane, 900, { count: 300, at: dawn - 500 });
  lane.standing.inFlight = 4;
  expect(waits(pool)).toBeUndefined();
});
