import { expect, test } from "vitest";
import { shareAnsweredTwice } from "#gateway/trials/pick-second.ts";
import { routeOf, toldBackend } from "#test/support/trial-world.ts";

/** Of what the canary and of what the others answer. */
function shares(canary: number, agreement?: number): readonly (number | undefined)[] {
  const backends = [toldBackend("old"), toldBackend("new", { group: 1, canary })];
  const watched = { agreement: { share: agreement ?? 0, minimum: 0.9, eject: false } };
  const route = routeOf("compared", backends, agreement === undefined ? {} : watched);
  const [old, tried] = route.pool.lanes.map((lane) => shareAnsweredTwice(route, lane));
  return [tried, old];
}

test("all that a small canary answers is compared, and of a larger one so much as is a twentieth of the route", () => {
  expect([0.001, 0.01, 0.05].map((share) => shares(share))).toEqual([
    [1, 0],
    [1, 0],
    [1, 0],
  ]);
  for (const share of [0.1, 0.25, 0.5, 0.99]) {
    const [tried = 0, old] = shares(share);
    expect([tried * share, old]).toEqual([expect.closeTo(0.05, 9), 0]);
  }
});

test("a route that wants more of its answers compared gets that of its canary's too", () => {
  expect(shares(0.5, 0.2)).toEqual([0.2, 0.2]);
  expect(shares(0.5, 0.02)).toEqual([0.1, 0.02]);
  expect(shares(0.01, 0.2)).toEqual([1, 0.2]);
});
