import { expect, test } from "vitest";
import { TokenBudget } from "#gateway/dispatch/token-budget.ts";
import { seededRandom } from "#test/support/random.ts";

test("tokens are never negative, never more than fit, and never more than were earned", () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const random = seededRandom(seed);
    const [share, most] = [random.between(0, 0.5), random.integer(0, 20)];
    const first = random.integer(0, 30);
    const budget = new TokenBudget({ share, most, first });
    let [earned, taken] = [0, 0];
    for (let turn = 0; turn < 500; turn += 1) {
      if (random.chance(0.7)) {
        budget.earn();
        earned += 1;
      } else if (budget.take()) taken += 1;
      const isWithin = budget.tokens >= 0 && budget.tokens <= most;
      const isEarned = taken <= first + share * earned + 1e-9;
      if (!isWithin || !isEarned)
        expect.fail(`seed ${seed}, turn ${turn}: ${budget.tokens} left, ${taken} taken`);
    }
  }
});

test("a token is taken whole or not at all", () => {
  const budget = new TokenBudget({ share: 0.4, most: 5, first: 0 });
  budget.earn();
  budget.earn();
  expect(budget.take()).toBe(false);
  budget.earn();
  expect(budget.take()).toBe(true);
  expect(budget.tokens).toBeCloseTo(0.2);
});

test("tokens are scarcer the fewer there are: 0 when it is full, 1 when nothing is left", () => {
  const budget = new TokenBudget({ share: 0, most: 4, first: 4 });
  const seen = [budget.scarcity];
  while (budget.take()) seen.push(budget.scarcity);
  expect(seen).toEqual([0, 0.25, 0.5, 0.75, 1]);
});

test("a budget that holds nothing gives nothing", () => {
  const budget = new TokenBudget({ share: 1, most: 0, first: 3 });
  budget.earn();
  expect({ taken: budget.take(), scarcity: budget.scarcity }).toEqual({ taken: false, scarcity: 1 });
});
