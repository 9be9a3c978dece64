import { expect, test } from "vitest";
import { tradewind } from "#gateway/replay/policies/tradewind.ts";
import type { OpenPolicy } from "#gateway/replay/policy.ts";
import { simulate } from "#gateway/replay/simulate.ts";
import type { Fault, Trouble } from "#gateway/replay/simulation/simulated-fleet.ts";
import { backendOf, fleetOf, poisson } from "#test/support/simulated.ts";

const fault = { backend: "a", fromMs: 20_000, toMs: 80_000 };

/** Seconds in which requests went to it first, of a backend that is better than the other one. */
function secondsOf(open: OpenPolicy, trouble: Trouble, seed = 1): readonly number[] {
  const found: number[] = [];
  const service = { law: { kind: "parallel", ms: 20, workers: 4 }, variation: { noise: 0.1 } } as const;
  const noting: OpenPolicy = (pool, chance) => ({
    ...open(pool, chance),
    sent: ({ lane, kind }, now) => {
      if (lane.place === 0 && kind === "first") found.push(now / 1_000);
    },
  });
  const faults: readonly Fault[] = [{ ...fault, ...trouble }];
  const dearer = backendOf("b", { service, terms: { usdPerRequest: 0.0005 } });
  simulate({
    arrivals: poisson({ rps: 50, seconds: 160, seed }),
    fleet: fleetOf(backendOf("a", { service }), dearer),
    ...{ policy: noting, seed, faults },
  });
  return found;
}

const between = (seconds: readonly number[], from: number, to: number) =>
  seconds.filter((second) => second >= from && second < to).length;

test("one that was ten times slower is used again within ten seconds of its recovery", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const seconds = secondsOf(tradewind, { kind: "slow", factor: 10 }, seed);
    expect(between(seconds, 30, 80), `${seed}`).toBeLessThan(0.2 * 50 * 50);
    expect(between(seconds, 80, 90), `${seed}`).toBeGreaterThan(10);
    expect(between(seconds, 90, 100), `${seed}`).toBeGreaterThan(0.8 * 50 * 10);
  }
});

test("one that was down for a minute is used again two seconds after it is back", () => {
  expect(between(secondsOf(tradewind, { kind: "down" }), 80, 82)).toBeGreaterThan(10);
});

test("who rests is tried more often while it only fails than while it answers no question", () => {
  const triedWhile = (trouble: Trouble) => between(secondsOf(tradewind, trouble), 21, 80);
  const answering = triedWhile({ kind: "errors", share: 1 });
  expect(answering).toBeGreaterThan(30);
  for (const silent of [{ kind: "down" }, { kind: "hang" }, { kind: "latency", ms: 3_000 }] as const)
    expect(triedWhile(silent), silent.kind).toBeLessThan(answering / 2);
});

test("nobody is asked for a policy that does not want it", () => {
  const unasked: OpenPolicy = (pool, chance) => ({ ...tradewind(pool, chance), asksReady: false });
  const seconds = (open: OpenPolicy) => between(secondsOf(open, { kind: "errors", share: 1 }), 21, 80);
  expect(seconds(unasked)).toBeLessThan(seconds(tradewind) / 2);
});
