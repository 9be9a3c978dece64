import { expect, test } from "vitest";
import { edgeMetadataSoak } from "#test/soak/edge-metadata/soak.ts";

test("of two thousand mutated refreshes none crashes and none takes what was not signed", {
  timeout: 60_000,
}, async () => {
  const { signal } = new AbortController();
  const { findings, figures } = await edgeMetadataSoak.run({
    count: edgeMetadataSoak.quickCount,
    seed: 1,
    signal,
  });
  expect(findings).toEqual([]);
  expect(figures.repository_refused).toBeGreaterThan(1_000);
  expect(figures.held).toBeGreaterThan(10);
});
