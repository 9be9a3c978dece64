import { expect, test } from "vitest";
import { wrongInputSoak } from "../soak/wrong-input/soak.ts";

test("two thousand seeded wrong requests leave the gateway up, honest and flat in memory", {
  timeout: 180_000,
}, async ({ signal }) => {
  const { findings, figures } = await wrongInputSoak.run({
    count: wrongInputSoak.quickCount,
    seed: 7,
    signal,
  });
  expect(findings).toEqual([]);
  for (const status of [200, 201, 204, 400, 401, 403, 404, 405, 413, 415, 422, 429]) {
    expect.soft(figures[`status${status}`], `answers with status ${status}`).toBeGreaterThan(0);
  }
});
