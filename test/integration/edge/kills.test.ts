import { expect, test } from "vitest";
import { edgeKillsSoak } from "#test/soak/edge-kills/soak.ts";

test("an agent that is killed at any moment starts, answers and ends in sync", {
  timeout: 300_000,
}, async () => {
  const { signal } = new AbortController();
  const { findings, figures } = await edgeKillsSoak.run({ count: edgeKillsSoak.quickCount, seed: 7, signal });
  console.log(`kills found the device: ${JSON.stringify(figures)}`);
  expect(findings).toEqual([]);
});
