import { expect, test } from "vitest";
import { fuzzFetches } from "#test/support/edge/mutated-fetches.ts";

test("two thousand mutated answers never give a wrong file its name, nor a failure without a code", {
  timeout: 120_000,
}, async () => {
  const { findings, whole, refused } = await fuzzFetches({ count: 2_000, seed: 7 });
  expect(findings).toEqual([]);
  expect(whole).toBeGreaterThan(100);
  expect(Object.keys(refused).toSorted()).toEqual(["repository_refused", "repository_unreachable"]);
});
