import { expect, test } from "vitest";
import { openTrialWorld, routeOf, toldBackend } from "#test/support/trial-world.ts";

const watched = { agreement: { share: 1, minimum: 0.9, eject: true } };

/** All that was begun beside a request has asked whom it wants to ask. */
const aMoment = () => new Promise(setImmediate);

test("second opinions keep nobody awake whom requests let go to sleep", async () => {
  const sleeper = { billing: "instance", coldMs: 5_000, idleMs: 60_000, usdPerSecond: 0.001 } as const;
  const backends = [toldBackend("a"), toldBackend("drowsy", { terms: sleeper })];
  const route = routeOf("let-it-sleep", backends, watched);
  await using world = openTrialWorld([route]);
  const warmth = route.pool.lanes[1]?.standing.warmth;
  warmth?.answered(world.clock.now(), 1, undefined);
  world.answer(route);
  await aMoment();
  const asked: (number | undefined)[] = [];
  for (let second = 2; second <= 60; second += 2) {
    world.turn();
    world.answer(route);
    await aMoment();
    if (warmth?.isAwake(world.clock.now())) asked.push(backends[1]?.asked);
  }
  expect(asked.slice(0, 2)).toEqual([2, 3]);
  expect(asked.slice(3)).toEqual(asked.slice(3).map(() => asked[3]));
  expect(warmth?.isAwake(world.clock.now())).toBe(false);
});
