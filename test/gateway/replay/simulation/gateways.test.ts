import { expect, test } from "vitest";
import { policies } from "#gateway/replay/policies/policies.ts";
import type { OpenPolicy } from "#gateway/replay/policy.ts";
import { simulate } from "#gateway/replay/simulate.ts";
import { arrivalsAt, backendOf, firstInOrder, fleetOf, poisson } from "#test/support/simulated.ts";

const { tradewind } = policies;
if (!tradewind) throw new Error("ours is among the policies");

test("several gateways hear once a second what the others have under way", () => {
  const heard: number[] = [];
  const policy: OpenPolicy = (pool, chance) => ({
    ...firstInOrder(pool, chance),
    sent: ({ lane: { standing } }, now) => void heard.push(standing.load(now) - standing.inFlight),
  });
  const service = { law: { kind: "parallel", ms: 5_000, workers: 100 } } as const;
  const early = Array.from({ length: 40 }, (_, n) => 0.01 + n / 1_000);
  simulate({
    arrivals: arrivalsAt(...early, 1.2),
    fleet: fleetOf(backendOf("a", { service, terms: { mostInFlight: 200 } })),
    ...{ policy, seed: 1, gateways: 2 },
  });
  // Twenty each: of the first the other knew nothing, of the last it was told, as an average over the last second.
  expect(heard[0]).toBeLessThanOrEqual(2);
  expect(heard.at(-1)).toBeGreaterThan(12);
  expect(heard.at(-1)).toBeLessThan(22);
});

test("a budget that gateways share is not spent by each of them", () => {
  const terms = {
    billing: "request",
    usdPerRequest: 1,
    budget: { usdPerHour: 40, usdPerDay: 1_000 },
  } as const;
  const fleet = fleetOf(
    backendOf("dear", { terms, service: { law: { kind: "parallel", ms: 20, workers: 50 } } }),
    backendOf("slow", {
      service: { law: { kind: "parallel", ms: 200, workers: 500 } },
      terms: { mostInFlight: 500 },
    }),
  );
  const money = { usdPerMiss: 1_000, usdPerSecond: 1_000 };
  const arrivals = poisson({ rps: 20, seconds: 60 });
  for (const gateways of [1, 4]) {
    const { backends } = simulate({ arrivals, fleet, policy: tradewind, seed: 1, gateways, money });
    const { usd = 0, answered = 0 } = backends[0] ?? {};
    expect(answered).toBeGreaterThan(20);
    expect(usd).toBeLessThanOrEqual(40);
  }
});

test("a wake is a request of its own, which is billed and after which the backend is known to be awake", () => {
  const terms = { billing: "instance", usdPerSecond: 0.001, coldMs: 2_000, idleMs: 10_000 } as const;
  let awake = false;
  const policy: OpenPolicy = (pool, chance) => {
    const [first, sleeper] = pool.lanes;
    return {
      ...firstInOrder(pool, chance),
      wakes: true,
      ended: (_, now) => {
        awake ||= sleeper?.standing.warmth.isAwake(now) ?? false;
      },
      choose: (given, ask, draws) => {
        const choice = firstInOrder(given, draws).choose(given, ask, draws);
        return first && choice && { ...choice, missChance: 1 };
      },
    };
  };
  const fleet = fleetOf(backendOf("a"), backendOf("sleeper", { terms }));
  const outcome = simulate({ arrivals: arrivalsAt(0, 0.5, 1, 1.5, 2, 3, 4), fleet, policy, seed: 1 });
  expect(outcome.backends[1]).toMatchObject({ first: 0, instancesStarted: 1 });
  expect(outcome.wakes).toBeGreaterThanOrEqual(1);
  expect(outcome.backends[1]?.usd).toBeGreaterThan(0.0119);
  expect(awake).toBe(true);
});
