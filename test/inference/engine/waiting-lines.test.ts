import { expect, test } from "vitest";
import { createWaitingLines, type Lined, type Place } from "#inference/engine/waiting-lines.ts";
import { seededRandom } from "#test/support/random.ts";

const run = (level: number, items = 1, batchKey: string | undefined = "same"): Lined => ({
  ...{ level, items, batchKey },
  leaveBy: 0,
});

test("runs stand by level and then as they came, the late ones behind all others", () => {
  const lines = createWaitingLines<Lined>(2);
  const runs = [run(2), run(1), run(2), run(1), run(1)];
  const places = runs.map(lines.enter);
  for (const index of [4, 1]) lines.makeLate(places[index] as Place<Lined>);
  lines.leave(places[2] as Place<Lined>);
  expect([...lines].map((one) => runs.indexOf(one))).toEqual([3, 0, 4, 1]);
  expect([lines.length, lines.items, lines.lengthOf(1), lines.lengthOf(2)]).toEqual([4, 4, 3, 1]);
});

test("the crowd ahead is everybody of the same and higher levels who is not late", () => {
  const lines = createWaitingLines<Lined>(3);
  for (const one of [run(1, 2), { ...run(2, 3), batchKey: undefined }, run(2, 1), run(3, 9)])
    lines.enter(one);
  lines.makeLate(lines.enter(run(1, 5)));
  expect(lines.ahead(1)).toEqual({ aloneRuns: 0, aloneItems: 0, sharedItems: 2 });
  expect(lines.ahead(2)).toEqual({ aloneRuns: 1, aloneItems: 3, sharedItems: 3 });
  expect(lines.items).toBe(20);
});

test("a newcomer stands last only when nobody waits at a lower level or late", () => {
  const lines = createWaitingLines<Lined>(2);
  expect([lines.endsWith(1), lines.endsWith(2)]).toEqual([true, true]);
  const second = lines.enter(run(2));
  expect([lines.endsWith(1), lines.endsWith(2)]).toEqual([false, true]);
  lines.makeLate(second);
  expect([lines.endsWith(1), lines.endsWith(2)]).toEqual([false, false]);
});

test("a level that doesn't exist is our own mistake", () => {
  expect(() => createWaitingLines<Lined>(2).enter(run(3))).toThrow("priority level");
});

test("runs leave from the middle of a line of a hundred thousand as quickly as from its ends", () => {
  const lines = createWaitingLines<Lined>(1);
  const random = seededRandom(3);
  const places = Array.from({ length: 100_000 }, () => lines.enter(run(1)));
  const start = performance.now();
  while (places.length > 0) {
    const last = places.length - 1;
    const chosen = random.integer(0, last);
    const place = places[chosen];
    const other = places[last];
    if (!place || !other) break;
    places[chosen] = other;
    places.pop();
    lines.leave(place);
  }
  expect([lines.length, [...lines]]).toEqual([0, []]);
  expect(performance.now() - start).toBeLessThan(1_000);
});
