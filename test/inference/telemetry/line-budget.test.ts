import { expect, test } from "vitest";
import { createLineBudget } from "#inference/telemetry/line-budget.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

test("a kind of line is told a few times in a window, and later how often it was kept back", () => {
  const clock = createFakeClock();
  const budget = createLineBudget({ clock, perKind: 2, windowMs: 1000 });
  const take = () => budget.take("full");
  expect([take(), take(), take(), take()]).toEqual([0, 0, undefined, undefined]);
  clock.advance(999);
  expect(take()).toBeUndefined();
  clock.advance(1);
  expect([take(), take(), take()]).toEqual([3, 0, undefined]);
});

test("one kind that floods leaves the others their lines", () => {
  const budget = createLineBudget({ clock: createFakeClock(), perKind: 1 });
  for (let line = 0; line < 1000; line += 1) budget.take("flood");
  expect(budget.take("rare")).toBe(0);
});

test("all kinds together have a bound too", () => {
  const clock = createFakeClock();
  const budget = createLineBudget({ clock, perWindow: 10 });
  const told = (): number =>
    Array.from({ length: 1000 }, (_, kind) => budget.take(`kind ${kind}`)).filter((kept) => kept === 0)
      .length;
  expect(told()).toBe(10);
  clock.advance(10_000);
  expect(told()).toBeLessThanOrEqual(10);
});

test("kinds beyond those that are told apart share one allowance", () => {
  const budget = createLineBudget({ clock: createFakeClock(), mostKinds: 2, perKind: 3 });
  expect([budget.take("a"), budget.take("b")]).toEqual([0, 0]);
  expect(["c", "d", "e", "f"].map((kind) => budget.take(kind))).toEqual([0, 0, 0, undefined]);
  expect(budget.take("a")).toBe(0);
});
