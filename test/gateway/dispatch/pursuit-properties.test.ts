import { expect, test } from "vitest";
import type { Lane, Pool } from "#gateway/dispatch/pool.ts";
import type { Try, TryFailure } from "#gateway/dispatch/try.ts";
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
  type Timeline,
  type Traveller,
} from "#test/support/lanes.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const budget = { usdPerHour: 1, usdPerDay: 1 };

function randomPool(random: Random): Pool {
  const lanes = Array.from({ length: random.integer(1, 5) }, (_, place) =>
    laneOf(
      `b${place}`,
      {
        ...{ usd: random.between(0, 0.0002), ms: random.between(5, 200), budget },
        ...{ mostInFlight: random.integer(1, 6), coldMs: random.chance(0.2) ? 300 : 0, idleMs: 2_000 },
      },
      { group: place > 2 ? 1 : 0, canary: place === 2 && random.chance(0.3) ? 0.2 : 0 },
    ),
  );
  return poolOf(lanes, { retry: { share: 0.5, attempts: random.integer(1, 4) } });
}

const failures: readonly TryFailure[] = [brokenDown, callersMistake, fullFor(50), fullFor(2_000)];

function randomFate(random: Random): Fate {
  const ms = random.chance(0.1) ? forever : random.between(0, random.chance(0.2) ? 3_000 : 150);
  const failure = random.chance(0.3) ? failures[random.integer(0, 3)] : undefined;
  return failure ? { ms, failure } : { ms };
}

function disturb({ pursuit, sent }: Traveller, random: Random, now: number): void {
  if (random.chance(0.2)) pursuit.onTime(now);
  const made = sent[random.integer(0, sent.length - 1)];
  if (made && random.chance(0.2)) pursuit.answered(made, now);
  if (made && random.chance(0.2)) pursuit.failed(made, brokenDown, now);
}

/** Requests that come, are looked at out of turn, hear things twice, and are given up, in any order; all are in the end. */
function live(
  random: Random,
  line: Timeline,
): { readonly travellers: Traveller[]; readonly given: Set<Traveller> } {
  const travellers: Traveller[] = [];
  const given = new Set<Traveller>();
  const giveUp = (one: Traveller): void => {
    if (one.endings.length === 0) given.add(one);
    one.pursuit.giveUp(line.now());
  };
  for (let turn = 0; turn < 60; turn += 1) {
    line.runUntil(line.now() + random.between(0, 80));
    if (random.chance(0.6)) travellers.push(line.arrive({ mayHedge: random.chance(0.8) }));
    const one = travellers[random.integer(0, travellers.length - 1)];
    if (!one) continue;
    if (random.chance(0.15)) giveUp(one);
    disturb(one, random, line.now());
  }
  line.runUntil(line.now() + 10_000);
  for (const one of travellers) giveUp(one);
  line.runUntil(line.now() + 10_000);
  return { travellers, given };
}

function wrongWith(traveller: Traveller, isGiven: boolean): string | undefined {
  const { endings, sent, aborted } = traveller;
  const [ending] = endings;
  if (endings.length !== (isGiven ? 0 : 1)) return `${endings.length} endings, given up: ${isGiven}`;
  if (sent.some(({ state }) => state === "out")) return "a try is still out";
  if (new Set(sent.map(({ lane }) => lane)).size !== sent.length) return "a lane was tried twice";
  const abandoned = sent.filter(({ state }) => state === "abandoned");
  if (aborted.length !== abandoned.length || new Set(aborted).size !== aborted.length)
    return "not everything abandoned was aborted once";
  const answered = sent.filter(({ state }) => state === "answered");
  if (answered.length !== (ending?.kind === "answered" ? 1 : 0)) return `${answered.length} answers`;
  if (ending?.kind === "answered" && ending.by !== answered[0]) return "answered by another one";
  if (sent.filter(({ kind }) => kind === "hedge").length > 1) return "more than one copy";
  if (sent.some((made, place) => (made.kind === "first") !== (place === 0))) return "the first is not first";
  return undefined;
}

const isAtRest = ({ standing }: Lane, now: number): boolean => {
  const left = budget.usdPerHour - standing.spending.spentThisHour(now);
  return standing.inFlight === 0 && standing.spending.has(left - 1e-9, now);
};

test("whatever order things come in, each request has one ending, each try one end, and nothing stays held", () => {
  for (let seed = 0; seed < 250; seed += 1) {
    const random = seededRandom(seed);
    const pool = randomPool(random);
    const line = createTimeline(pool, () => randomFate(random), { chance: chanceOf(seed) });
    const { travellers, given } = live(random, line);
    for (const traveller of travellers) {
      expect(wrongWith(traveller, given.has(traveller)), `seed ${seed}`).toBeUndefined();
      expect(traveller.sent.length, `seed ${seed}`).toBeLessThanOrEqual(pool.terms.retry.attempts);
    }
    expect(
      pool.lanes.every((lane) => isAtRest(lane, line.now())),
      `seed ${seed}`,
    ).toBe(true);
    expect(pool.line.size, `seed ${seed}`).toBe(0);
    expect(Math.min(pool.hedges.tokens, pool.retries.tokens)).toBeGreaterThanOrEqual(0);
  }
});

test("nobody is given more at once than it may have, but for what comes in a panic", () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const random = seededRandom(1_000 + seed);
    const pool = randomPool(random);
    const tooMany: Try[] = [];
    const line = createTimeline(pool, (made) => {
      const { inFlight, terms } = made.lane.standing;
      if (inFlight > terms.mostInFlight) tooMany.push(made);
      return randomFate(random);
    });
    live(random, line);
    expect(tooMany, `seed ${seed}`).toEqual([]);
  }
});

test("what leaves money held and spent stays within the budget of whoever it is sent to", () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = seededRandom(2_000 + seed);
    const small = { usdPerHour: 0.004, usdPerDay: 0.005 };
    const pool = poolOf([
      laneOf("a", { usd: 0.0003, budget: small }),
      laneOf("b", { usd: 0.0004, budget: small }),
      laneOf("c", { usd: 0.01 }),
    ]);
    const line = createTimeline(pool, ({ lane: { standing, place } }) => {
      const out = standing.inFlight * standing.terms.usdPerRequest;
      const sum = out + standing.spending.spentThisHour(line.now());
      expect(place === 2 || sum <= small.usdPerHour + 1e-12, `seed ${seed}: ${sum}`).toBe(true);
      return randomFate(random);
    });
    live(random, line);
  }
});

test("those that wait for room are asked in the order in which they came", () => {
  const pool = poolOf([laneOf("a", { mostInFlight: 1 })], { sloMs: 5_000 });
  const line = createTimeline(pool, () => ({ ms: 40 }));
  const travellers = Array.from({ length: 10 }, (_, turn) => {
    line.runUntil(dawn + turn * 3);
    return line.arrive();
  });
  line.runUntil(dawn + 5_000);
  const sentAt = travellers.map(({ sent }) => sent[0]?.sentAt ?? forever);
  expect(sentAt).toEqual(sentAt.toSorted((one, other) => one - other));
  expect(sentAt.at(-1)).toBeLessThan(dawn + 600);
});
