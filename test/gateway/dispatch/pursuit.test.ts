import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import { choose } from "#gateway/dispatch/choose.ts";
import type { Pool } from "#gateway/dispatch/pool.ts";
import { type Ending, Pursuit } from "#gateway/dispatch/pursuit.ts";
import type { RouteTerms } from "#gateway/dispatch/terms.ts";
import type { Try } from "#gateway/dispatch/try.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import {
  brokenDown,
  callersMistake,
  chanceOf,
  createTimeline,
  dawn,
  type Fate,
  forever,
  fullFor,
  laneAt,
  learnSteady,
  type Traveller,
} from "#test/support/lanes.ts";

/** Lanes whose speed of 20 ms is known; the first costs least. */
function poolWith(count: number, route: Partial<RouteTerms> = {}, terms: Partial<Terms> = {}): Pool {
  const lanes = Array.from({ length: count }, (_, place) =>
    laneOf(`b${place}`, { usd: 0.00001 * place, ...terms }),
  );
  const pool = poolOf(lanes, route);
  for (const lane of pool.lanes) learnSteady(lane, 20, { count: 100, at: dawn - 1_000 });
  return pool;
}

/** One request, with the fate of each lane by its place. */
function travel(pool: Pool, fates: readonly Fate[], more: Parameters<typeof arriveWith>[2] = {}): Traveller {
  return arriveWith(pool, fates, more).traveller;
}

function arriveWith(
  pool: Pool,
  fates: readonly Fate[],
  more: Parameters<ReturnType<typeof createTimeline>["arrive"]>[0],
) {
  const line = createTimeline(pool, ({ lane }) => fates[lane.place] ?? { ms: 20 });
  const traveller = line.arrive(more);
  line.runUntil(dawn + 60_000);
  return { line, traveller };
}

const placesOf = ({ sent }: Traveller) => sent.map(({ lane }) => lane.place);

const fails: Fate = { ms: 5, failure: brokenDown };
const hangs: Fate = { ms: forever };

test("an answer ends it, and tells by whom", () => {
  const traveller = travel(poolWith(3), [{ ms: 20 }]);
  expect(traveller.endings).toEqual([{ kind: "answered", by: traveller.sent[0] }]);
  expect(traveller.sent).toHaveLength(1);
});

test("what failed is tried elsewhere, a moment later that differs", () => {
  const delays = Array.from({ length: 20 }, (_, seed) => {
    const pool = poolWith(2);
    const line = createTimeline(pool, ({ lane }) => (lane.place === 0 ? fails : { ms: 20 }), {
      chance: chanceOf(seed),
    });
    const traveller = line.arrive();
    line.runUntil(dawn + 1_000);
    expect(placesOf(traveller)).toEqual([0, 1]);
    expect(traveller.endings).toMatchObject([{ kind: "answered", by: { kind: "retry" } }]);
    return (traveller.sent[1]?.sentAt ?? Number.NaN) - dawn - 5;
  });
  expect(Math.min(...delays)).toBeGreaterThan(0);
  expect(Math.max(...delays)).toBeLessThan(50);
  expect(new Set(delays).size).toBeGreaterThan(15);
});

test("nobody is tried twice, and no more are tried than declared", () => {
  const traveller = travel(poolWith(6, { retry: { share: 1, attempts: 4 } }), Array(6).fill(fails));
  expect(new Set(placesOf(traveller)).size).toBe(4);
  expect(traveller.sent).toHaveLength(4);
  expect(traveller.endings).toMatchObject([{ kind: "failed", last: traveller.sent[3] }]);
});

test("where nothing else is left a failure is the last word at once", () => {
  const traveller = travel(poolWith(1), [fails]);
  expect(traveller.sent).toHaveLength(1);
  expect(traveller.endings).toMatchObject([{ kind: "failed", last: traveller.sent[0] }]);
  expect(traveller.endedAt - dawn).toBeLessThan(50);
});

test("retries are few: when their budget is spent a failure is the last word", () => {
  const pool = poolWith(4, { retry: { share: 0, attempts: 4 } });
  while (pool.retries.take());
  expect(travel(pool, Array(4).fill(fails)).sent).toHaveLength(1);
});

test("a caller's own mistake is told at once, tried nowhere else and held against nobody", () => {
  const pool = poolWith(3);
  for (let turn = 0; turn < 10; turn += 1) {
    const traveller = travel(pool, Array(3).fill({ ms: 5, failure: callersMistake }));
    expect(traveller.sent).toHaveLength(1);
    expect(traveller.endings).toMatchObject([{ kind: "failed" }]);
  }
  for (const { standing } of pool.lanes) expect(standing.breaker.isResting(dawn + 10)).toBe(false);
});

test("a backend that keeps failing is asked by nobody any more", () => {
  const pool = poolWith(2);
  for (let turn = 0; turn < 5; turn += 1) travel(pool, [fails]);
  expect(placesOf(travel(pool, [fails]))).toEqual([1]);
});

test("where nobody can be asked, it fails at once and says that nobody was", () => {
  const traveller = travel(poolWith(2), [], { able: () => false });
  expect(traveller.endings).toEqual([{ kind: "failed", last: undefined, retryAfterMs: undefined }]);
  expect(traveller.endedAt).toBe(dawn);
});

test("where everyone says when to come again, the soonest of them is told", () => {
  const fates = [4_000, 1_500, 9_000].map((ms): Fate => ({ ms: 5, failure: fullFor(ms) }));
  const pool = poolWith(3);
  const traveller = travel(pool, fates);
  expect(traveller.sent).toHaveLength(3);
  expect(traveller.endings).toMatchObject([{ kind: "failed", retryAfterMs: 1_500 }]);
  expect(pool.lanes.some(({ standing }) => standing.breaker.isResting(dawn + 10))).toBe(false);
});

test("who is only full for a moment is waited for, and then asked", () => {
  const pool = poolWith(1, {}, { mostInFlight: 1 });
  const line = createTimeline(pool, () => ({ ms: 20 }));
  const [first, second] = [line.arrive(), line.arrive()];
  line.runUntil(dawn + 1_000);
  for (const { endings } of [first, second]) expect(endings).toMatchObject([{ kind: "answered" }]);
  expect(second.sent[0]?.sentAt).toBeGreaterThanOrEqual(dawn + 20);
  expect(second.sent[0]?.sentAt).toBeLessThan(dawn + 50);
});

test("nobody waits for room for ever: who finds none fails about when its answer was wanted", () => {
  const pool = poolWith(1, {}, { mostInFlight: 1 });
  const line = createTimeline(pool, () => hangs);
  line.arrive();
  const second = line.arrive();
  line.runUntil(dawn + 1_000);
  expect(second.endings).toMatchObject([{ kind: "failed", last: undefined }]);
  expect(second.endedAt).toBeGreaterThan(dawn);
  expect(second.endedAt).toBeLessThan(dawn + 2 * pool.terms.sloMs);
  expect(pool.line.size).toBe(0);
});

test("who said when to come again is not waited for", () => {
  const pool = poolWith(1);
  laneAt(pool, 0).standing.breaker.full(dawn, 10_000);
  const traveller = travel(pool, []);
  expect(traveller.endings).toMatchObject([{ kind: "failed" }]);
  expect(traveller.endedAt).toBe(dawn);
});

test("silence counts as a failure, once a request", () => {
  const pool = poolWith(1, { hedge: undefined });
  const { breaker } = laneAt(pool, 0).standing;
  travel(pool, [hangs]);
  travel(pool, [hangs]);
  expect(breaker.isResting(dawn + 60_000)).toBe(false);
  expect(breaker.news).toBe(0);
  travel(pool, [hangs]);
  expect(breaker.news).toBe(1);
});

test("a silent try that fails in the end has failed once", () => {
  const pool = poolWith(1, { hedge: undefined, retry: { share: 0, attempts: 1 } });
  const { breaker } = laneAt(pool, 0).standing;
  for (let turn = 0; turn < 2; turn += 1) travel(pool, [{ ms: 30_000, failure: brokenDown }]);
  expect(breaker.news).toBe(0);
});

test("an answer after the deadline still is one", () => {
  const traveller = travel(poolWith(1), [{ ms: 5_000 }]);
  expect(traveller.endings).toMatchObject([{ kind: "answered" }]);
  expect(traveller.endedAt).toBe(dawn + 5_000);
});

test("a request that comes after its deadline is sent all the same", () => {
  const traveller = travel(poolWith(1), [{ ms: 20 }], { deadlineAt: dawn - 100 });
  expect(traveller.endings).toMatchObject([{ kind: "answered" }]);
});

test("a timer that fires early or late changes nothing of a retry", () => {
  const pool = poolWith(2);
  const line = createTimeline(pool, ({ lane }) => (lane.place === 0 ? fails : { ms: 20 }));
  const { pursuit, sent, endings } = line.arrive();
  line.runUntil(dawn + 5);
  for (let turn = 0; turn < 5; turn += 1) pursuit.onTime(dawn + 5);
  expect(sent).toHaveLength(1);
  line.runUntil(dawn + 1_000);
  pursuit.onTime(dawn + 2_000);
  expect(sent).toHaveLength(2);
  expect(endings).toHaveLength(1);
});

test("what fails before its sending is over is retried like anything else", () => {
  const pool = poolWith(2);
  const times: number[] = [];
  const endings: string[] = [];
  const doer = {
    send: (made: Try) =>
      made.lane.place === 0 ? pursuit.failed(made, brokenDown, dawn) : pursuit.answered(made, dawn),
    ...{ abort: () => {}, wake: () => {} },
    callAt: (at: number) => void times.push(at),
    end: ({ kind }: Ending) => void endings.push(kind),
  };
  const given = { chance: chanceOf(1), bytes: 1, deadlineAt: dawn + 250 };
  const pursuit = new Pursuit({ pool, choose, doer, ...given });
  pursuit.begin(dawn);
  expect({ endings, times: times.length }).toEqual({ endings: [], times: 1 });
  pursuit.onTime(times[0] ?? Number.NaN);
  expect(endings).toEqual(["answered"]);
  expect(pool.lanes.map(({ standing }) => standing.inFlight)).toEqual([0, 0]);
});

test("who gives up aborts what is out, frees its place and its money, and hears nothing more", () => {
  const pool = poolWith(2, {}, { usdPerRequest: 0.01, budget: { usdPerHour: 1, usdPerDay: 1 } });
  const line = createTimeline(pool, () => ({ ms: 300 }));
  const traveller = line.arrive();
  line.runUntil(dawn + 100);
  traveller.pursuit.giveUp(dawn + 100);
  expect(traveller.aborted).toEqual(traveller.sent);
  line.runUntil(dawn + 10_000);
  traveller.pursuit.giveUp(dawn + 10_000);
  expect(traveller.endings).toEqual([]);
  expect(new Set(traveller.sent.map(({ state }) => state))).toEqual(new Set(["abandoned"]));
  expect(pool.lanes.map(({ standing }) => standing.inFlight)).toEqual([0, 0]);
});

test("who gives up while it waits for its retry is not sent any more", () => {
  const pool = poolWith(2);
  const line = createTimeline(pool, () => fails);
  const traveller = line.arrive();
  line.runUntil(dawn + 5);
  traveller.pursuit.giveUp(dawn + 5);
  line.runUntil(dawn + 1_000);
  expect({ sent: traveller.sent.length, endings: traveller.endings }).toEqual({ sent: 1, endings: [] });
});

test("what costs nothing to refuse is not paid for, what was worked on is", () => {
  const pool = poolWith(2, {}, { usdPerRequest: 0.01, budget: { usdPerHour: 1, usdPerDay: 1 } });
  travel(pool, [fails, { ms: 20 }]);
  const spent = pool.lanes.map(({ standing }) => standing.spending.spentThisHour(dawn));
  expect(spent.toSorted()).toEqual([0, 0.01]);
});

test("late answers wake a sleeper beside the request, unless it is told to wake nobody", () => {
  const sleeper = { billing: "instance", usdPerSecond: 0.001, idleMs: 60_000, coldMs: 5_000 } as const;
  const open = () => {
    const pool = poolOf([laneOf("a", { ms: 900 }), laneOf("b", sleeper)]);
    pool.waking.lackUsd = 1;
    return pool;
  };
  const [woken] = travel(open(), [{ ms: 900 }]).woken;
  expect(woken?.lane.place).toBe(1);
  expect(travel(open(), [{ ms: 900 }], { wakes: false }).woken).toEqual([]);
});
