import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { groupsOf } from "#gateway/operations/fleet-groups.ts";

const groups = (routes: string) =>
  groupsOf(
    parseConfig(
      `models: { a: { source: x }, b: { source: x }, c: { source: x } }
providers:
  one: { kind: static, urls: [http://127.0.0.1:1] }
  two: { kind: static, urls: [http://127.0.0.1:2] }
  three: { kind: static, urls: [http://127.0.0.1:3] }
routes:
${routes}`,
      { file: "t.yaml" },
    ),
  );

test("routes without a common provider are scaled each for itself", () => {
  const found = groups(`  - { models: [a, b], failover: [[one]], slo: 1s }
  - { models: [c], failover: [[two], [three]], slo: 2s, money: { usdPerMiss: 0.5, usdPerSecond: 0 } }`);
  expect(found).toEqual([
    { models: ["a", "b"], providers: ["one"], sloMs: 1_000, usdPerMiss: 0.01 },
    { models: ["c"], providers: ["two", "three"], sloMs: 2_000, usdPerMiss: 0.5 },
  ]);
});

test("routes that are connected by a third one are one group with the strictest promise", () => {
  const found = groups(`  - { models: [a], failover: [[one]], slo: 3s, overrides: { a: { slo: 200ms } } }
  - { models: [b], failover: [[two]], slo: 2s }
  - { models: [c], failover: [[one], [two]], slo: 1s }`);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ sloMs: 200 });
  expect(new Set(found[0]?.models)).toEqual(new Set(["a", "b", "c"]));
  expect(new Set(found[0]?.providers)).toEqual(new Set(["one", "two"]));
});
