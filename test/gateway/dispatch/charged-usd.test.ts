import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import { chargedUsd } from "#gateway/dispatch/charged-usd.ts";
import type { Try } from "#gateway/dispatch/try.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import { laneAt } from "#test/support/lanes.ts";

function tryOf(terms: Partial<Terms>, more: Partial<Try> = {}): Try {
  const lane = laneAt(poolOf([laneOf("a", terms)]), 0);
  return {
    ...{ lane, kind: "first", verdict: "chosen", sentAt: 1_000, load: 1, predictedMs: 20, costUsd: 0 },
    ...{ missChance: 0, waitMs: 0, state: "answered", endedAt: 1_500, isSilent: false },
    ...more,
  };
}

const bySecond = { billing: "request", usdPerSecond: 0.01, usdPerRequest: 0.001, perInstance: 4 } as const;

test("who is paid by use is charged by its seconds and its request", () => {
  expect(chargedUsd([tryOf(bySecond)])).toBeCloseTo(0.001 + 0.005, 12);
});

test("what is paid for anyway is charged to nobody, but for what each request costs", () => {
  expect(chargedUsd([tryOf({ ...bySecond, billing: "provisioned" })])).toBeCloseTo(0.001, 12);
  expect(chargedUsd([tryOf({ ...bySecond, billing: "provisioned", usdPerRequest: 0 })])).toBe(0);
});

test("those that are there together share the seconds, as far as one instance takes them", () => {
  const seconds = (load: number) => chargedUsd([tryOf(bySecond, { load })]) - bySecond.usdPerRequest;
  expect(seconds(4)).toBeCloseTo(seconds(1) / 4, 12);
  expect(seconds(40)).toBeCloseTo(seconds(4), 12);
});

test("a tenant pays for both copies of its request, and not for one that failed", () => {
  const [first, copy] = [tryOf(bySecond, { state: "abandoned" }), tryOf(bySecond, { kind: "hedge" })];
  expect(chargedUsd([first, copy])).toBeCloseTo(2 * chargedUsd([copy]), 12);
  expect(chargedUsd([tryOf(bySecond, { state: "failed" }), copy])).toBe(chargedUsd([copy]));
  expect(chargedUsd([])).toBe(0);
});

test("several images in one request are each charged as a request, and once for their seconds", () => {
  expect(chargedUsd([tryOf(bySecond)], 5)).toBeCloseTo(5 * 0.001 + 0.005, 12);
});

test("a whole instance that stands for one image is not charged to it", () => {
  const terms = { ...bySecond, billing: "instance", idleMs: 900_000, coldMs: 20_000 } as const;
  expect(chargedUsd([tryOf(terms)])).toBeCloseTo(chargedUsd([tryOf(bySecond)]), 12);
});
