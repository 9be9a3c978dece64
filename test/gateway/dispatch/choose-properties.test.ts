import { expect, test } from "vitest";
import { choose } from "#gateway/dispatch/choose.ts";
import type { Lane, Pool } from "#gateway/dispatch/pool.ts";
import { refusalOf } from "#gateway/dispatch/weigh.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import {
  askAt,
  brokenDown,
  chanceOf,
  createTimeline,
  dawn,
  forever,
  laneAt,
  learnSteady,
} from "#test/support/lanes.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

/** Lanes in whatever state they can be in. */
function randomPool(random: Random): Pool {
  const groups = random.integer(1, 3);
  const lanes = Array.from({ length: random.integer(1, 12) }, (_, place) => {
    const budget = { usdPerHour: random.chance(0.3) ? random.between(0, 0.01) : forever, usdPerDay: forever };
    const billing = (["provisioned", "request", "instance"] as const)[random.integer(0, 2)] ?? "request";
    return laneOf(
      `b${place}`,
      {
        ...{ billing, budget, usd: random.between(0, 0.004), ms: random.between(5, 400) },
        ...{ usdPerSecond: random.between(0, 0.001), mostInFlight: random.integer(1, 20) },
        ...{ coldMs: random.chance(0.5) ? 10_000 : 0, idleMs: 60_000, perInstance: random.integer(1, 8) },
      },
      {
        ...{
          group: random.integer(0, groups - 1),
          weight: random.chance(0.3) ? random.integer(1, 5) : undefined,
        },
        canary: random.chance(0.1) ? 0.3 : 0,
      },
    );
  }).sort((one, other) => one.group - other.group);
  const pool = poolOf(lanes);
  for (const lane of pool.lanes) disturb(lane, random);
  return pool;
}

function disturb(lane: Lane, random: Random): void {
  const { standing } = lane;
  lane.isBarred = random.chance(0.1);
  if (random.chance(0.6)) learnSteady(lane, random.between(5, 600), { count: random.integer(1, 10) });
  if (random.chance(0.3)) ejectAt(lane, dawn - random.between(0, 3_000));
  if (random.chance(0.2)) standing.breaker.full(dawn, random.between(0, 5_000));
  if (random.chance(0.2)) standing.breaker.rumour(dawn - random.between(0, 6_000));
  if (random.chance(0.5)) standing.warmth.answered(dawn, random.integer(1, 20), undefined);
  if (random.chance(0.5)) standing.inFlight = random.integer(0, 20);
  if (random.chance(0.3)) standing.spending.hold(random.between(0, 0.01));
}

test("a choice is never tried, unable, barred, ejected, full or over its budget while another one could be asked", () => {
  for (let seed = 0; seed < 1_500; seed += 1) {
    const random = seededRandom(seed);
    const pool = randomPool(random);
    const ask = askAt(dawn, {
      ...{ deadlineAt: dawn + random.between(-50, 500), tried: pool.lanes.filter(() => random.chance(0.2)) },
      ...{ able: (lane: Lane) => lane.place % 5 !== 4, isSecond: random.chance(0.2) },
    });
    const choice = choose(pool, ask, chanceOf(seed));
    const cost = ({ place }: Lane) => pool.scratch.costUsd[place] ?? 0;
    const mayBe = (lane: Lane) => !refusalOf(lane, ask) && lane.standing.spending.has(cost(lane), dawn);
    if (!choice) {
      expect(pool.lanes.some(mayBe), `seed ${seed}: nobody`).toBe(false);
      continue;
    }
    const { lane, verdict, costUsd } = choice;
    expect(ask.tried.includes(lane) || lane.place % 5 === 4 || lane.isBarred, `seed ${seed}`).toBe(false);
    expect(lane.standing.spending.has(costUsd, dawn), `seed ${seed}: money`).toBe(true);
    expect(lane.standing.breaker.fullUntil <= dawn, `seed ${seed}: full`).toBe(true);
    if (verdict === "chosen in panic") expect(pool.lanes.some(mayBe), `seed ${seed}: panic`).toBe(false);
    else expect(refusalOf(lane, ask), `seed ${seed}`).toBeUndefined();
  }
});

test("through whatever happens, money spent and held stays within the budget, which is used", () => {
  const budget = { usdPerHour: 0.05, usdPerDay: 0.12 };
  const pool = poolOf([laneOf("a", { usd: 0.001, budget }), laneOf("b", { usd: 0.004 })]);
  const random = seededRandom(4);
  const { spending } = laneAt(pool, 0).standing;
  const line = createTimeline(pool, () => ({
    ...{ ms: random.between(5, 400) },
    ...(random.chance(0.1) ? { failure: brokenDown } : {}),
  }));
  for (let turn = 1; turn <= 2_000; turn += 1) {
    line.arrive();
    const [hour, day] = [spending.spentThisHour(line.now()), spending.spentToday(line.now())];
    const held = 0.001 * laneAt(pool, 0).standing.inFlight;
    expect(hour + held).toBeLessThanOrEqual(budget.usdPerHour + 1e-9);
    expect(day + held).toBeLessThanOrEqual(budget.usdPerDay + 1e-9);
    line.runUntil(dawn + turn * random.between(5_000, 5_010));
  }
  expect(spending.spentToday(line.now())).toBeGreaterThan(0.11);
});

function ejectAt({ standing }: Lane, at: number): void {
  for (let turn = 0; turn < 3; turn += 1) standing.breaker.failed(at);
}
