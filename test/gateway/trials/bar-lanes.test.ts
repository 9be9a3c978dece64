import { expect, test } from "vitest";
import type { DescribedModel } from "#adapters/open-inference.ts";
import { choose } from "#gateway/dispatch/choose.ts";
import { createBars } from "#gateway/trials/bar-blamed.ts";
import { barLanes } from "#gateway/trials/bar-lanes.ts";
import { seededRandom } from "#test/support/random.ts";
import { routeOf, toldBackend } from "#test/support/trial-world.ts";

const named = (...names: string[]) => names.map((name) => toldBackend(name));

test("whoever is unwanted is taken out of choice for images and for tensors, and put back", () => {
  const route = routeOf("bars", named("a", "b", "c"));
  const bar = (...names: string[]) => {
    barLanes(route, { isUnwanted: ({ name }) => names.includes(name), isUsable: () => true });
    return [route.pool, route.tensors].map(({ lanes }) => lanes.map(({ isBarred }) => isBarred));
  };
  expect(bar("b")).toEqual([
    [false, true, false],
    [false, true, false],
  ]);
  expect(bar()).toEqual([
    [false, false, false],
    [false, false, false],
  ]);
});

test("nobody is taken out where nobody else could be asked", () => {
  const canary = toldBackend("canary", { group: 1, canary: 0.1 });
  const route = routeOf("bars", [...named("a", "b"), canary]);
  const barred = (unwanted: readonly string[], unusable: readonly string[]) => {
    barLanes(route, {
      isUnwanted: ({ name }) => unwanted.includes(name),
      isUsable: (_, { name }) => !unusable.includes(name),
    });
    return route.pool.lanes.filter(({ isBarred }) => isBarred).length;
  };
  expect(barred(["a"], [])).toBe(1);
  expect(barred(["a", "b"], [])).toBe(0);
  expect(barred(["a"], ["b"])).toBe(0);
});

test("one that is barred is never chosen, whatever becomes of the others", () => {
  const random = seededRandom(3);
  const chance = { number: () => random.between(0, 1), bytes: (count: number) => new Uint8Array(count) };
  const route = routeOf("bars", named("a", "b", "c", "d"));
  const { lanes } = route.pool;
  for (let n = 0; n < 500; n += 1) {
    const now = n * 1_000;
    const barred = random.integer(0, 3);
    for (const lane of lanes) {
      lane.isBarred = lane.place === barred;
      lane.standing.inFlight = random.integer(0, 80);
      if (random.chance(0.1)) lane.standing.breaker.failed(now);
    }
    const ask = { now, deadlineAt: now + 100, bytes: 1_000, tried: [] };
    expect(choose(route.pool, ask, chance)?.lane.place).not.toBe(barred);
    expect(route.pool.scratch.verdict[barred]).toBeGreaterThan(0);
  }
});

test("who is barred stays so while it is unclear who is wrong, and until it is well", () => {
  let decision = { flagged: true, eject: true, why: "" };
  const route = routeOf("bars", named("a", "b"), { agreement: { share: 1, minimum: 0.9, eject: true } });
  const directory = { find: () => described };
  const watch = {
    decide: (_: string, name: string) =>
      name === "a" ? decision : { ...decision, flagged: false, eject: false },
  };
  const bars = createBars({ watch, directory, now: () => 0 });
  const isBarred = () => {
    bars.apply(route);
    return bars.isBarred("bars", "a");
  };
  expect(isBarred()).toBe(true);
  decision = { flagged: true, eject: false, why: "" };
  expect(isBarred()).toBe(true);
  decision = { flagged: false, eject: false, why: "" };
  expect(isBarred()).toBe(false);
  decision = { flagged: true, eject: false, why: "" };
  expect(isBarred()).toBe(false);
});

const described: DescribedModel = {
  ...{ name: "bars", version: "1", versions: [], task: "detect", names: [], precision: "fp32" },
  input: { width: 1, height: 1 },
};
