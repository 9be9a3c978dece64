import { expect, test } from "vitest";
import { wrongInputSoak } from "../soak/wrong-input/soak.ts";

test("two hundred seeded wrong requests leave the gateway up, honest and flat in memory", {
  timeout: 120_000,
}, async ({ signal }) => {
  const { findings, figures } = await wrongInputSoak.run({
    count: wrongInputSoak.quickCount,
    seed: 7,
    signal,
  });
  expect(findings).toEqual([]);
  expect(figures.status422).toBeGreaterThan(0);
  expect(figures.status401).toBeGreaterThan(0);
});
