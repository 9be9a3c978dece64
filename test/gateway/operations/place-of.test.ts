import { expect, test } from "vitest";
import type { ProviderStatus } from "#adapters/control.ts";
import { parseConfig } from "#gateway/config.ts";
import { placeOf } from "#gateway/operations/place-of.ts";
import type { SpeedSum } from "#gateway/records/demand.ts";
import { scaledText } from "#test/support/scaled-fleet.ts";

const hour = 3_600_000;
const now = 100 * hour;
const { providers } = parseConfig(scaledText, { file: "t.yaml" });

const status: ProviderStatus = {
  ...{ desired: 2, running: 2, pending: 0, revisions: [], troubles: [], isSettled: true },
  coldStarts: [],
};

type Facts = Parameters<typeof placeOf>[0];

function place(name: "near" | "fixed", more: Partial<Facts> = {}) {
  const settings = providers[name];
  if (!settings) throw new Error(`no provider ${name}`);
  const usual = {
    observed: undefined,
    status,
    scaling: undefined,
    speeds: [],
    stood: [],
    isFrozen: false,
    isRollingOut: false,
    now,
  };
  return placeOf({ ...usual, name, settings, sloMs: 2_000, attain: 0.99, ...more });
}

test("a place has the limits that were declared, and none where it is frozen or has none", () => {
  expect(place("near").limits).toEqual({ least: 1, most: 20, coolDownMs: 300_000 });
  expect(place("near", { isFrozen: true }).limits).toBeUndefined();
  expect(place("fixed").limits).toBeUndefined();
});

test("while something new is on its way nothing is taken away, and more may be had", () => {
  expect(place("near", { isRollingOut: true }).limits).toMatchObject({ least: 2, most: 20 });
  const many = { ...status, desired: 30 };
  expect(place("near", { isRollingOut: true, status: many }).limits).toMatchObject({ least: 20, most: 20 });
});

test("what the platform tells of its price and its cold starts counts for more than what was declared", () => {
  expect(place("near").terms.usdPerSecond).toBeCloseTo(1 / 3_600);
  const price = { usdPerHour: 7.2, billing: "provisioned", from: "the test" } as const;
  const observed = { provider: "near", status, price, troubles: [] };
  const colds = { ...status, coldStarts: [9_000, 3_000, 5_000].map((ms) => ({ at: 0, ms })) };
  const { terms } = place("near", { observed, status: colds });
  expect([terms.usdPerSecond, terms.coldMs]).toEqual([0.002, 5_000]);
  const unknown = { ...observed, price: { ...price, usdPerHour: undefined } };
  expect(place("near", { observed: unknown }).terms.usdPerSecond).toBeCloseTo(1 / 3_600);
});

test("its speed is measured by its own backends, and declared before there is a measure", () => {
  const sum = (backend: string, realMs: number): SpeedSum => ({
    backend,
    hour: now - hour,
    answered: 1_000,
    realMs,
    bytes: 60_000_000,
  });
  expect(place("near").capacity).toMatchObject({ from: "declared" });
  expect(place("near", { speeds: [sum("nearby/1", 1e6)] }).capacity).toMatchObject({ from: "declared" });
  const { capacity } = place("near", { speeds: [sum("near/1", 40_000), sum("near/2", 40_000)] });
  expect(capacity).toMatchObject({ from: "measured" });
  expect((capacity?.serviceMs ?? 0) / (capacity?.slots ?? 1)).toBeLessThan(45);
});

test("of workers behind one address the plan takes none for as fast as all of them", () => {
  // Four that each do one after the other in 111 ms, and get 32 requests a second together.
  const sum = { backend: "near", hour: now - hour, answered: 115_200, realMs: 115_200_000, bytes: 0 };
  const four = { ...status, desired: 4, running: 4 };
  const rps = (more: Partial<Facts>): number => {
    const { capacity } = place("near", { speeds: [sum], status: four, ...more });
    return capacity ? (capacity.slots * 1_000) / capacity.serviceMs : Number.NaN;
  };
  const stood = ["near", "far"].map((provider) => ({ provider, hour: now - hour, running: 4 }));
  expect(rps({ stood })).toBeCloseTo(9, 1);
  expect(rps({})).toBeLessThan(10);
  const bounds = { least: 0, most: 20 };
  // Its prior says ten a second, and nobody knows how many these were.
  expect(rps({ status: { ...four, running: 0, bounds } })).toBeLessThanOrEqual(10);
});

test("an image's way out of the cloud is a part of its price, by what was sent lately", () => {
  const { near } = providers;
  if (!near) throw new Error("no provider near");
  const settings = { ...near, egressUsdPerGb: 0.09 };
  const speeds = [{ backend: "near/1", hour: now - hour, answered: 1_000, realMs: 9_000, bytes: 60_000_000 }];
  const sent = place("near", { settings, speeds }).terms.usdPerRequest;
  expect(sent - place("near", { settings }).terms.usdPerRequest).toBeCloseTo(0.09 * 60_000 * 1e-9, 12);
});

test("a refusal and the last change are known to the plan", () => {
  const refusal = { count: 4, until: now + 1, code: "provider_quota", why: "no more" };
  const scaling = { provider: "near", wanted: { count: 4 }, changedAt: now - 5, refusal };
  const { refusals, changedAt } = place("near", { scaling });
  expect(refusals).toEqual([{ atCount: 4, until: now + 1, why: "no more" }]);
  expect(changedAt).toBe(now - 5);
});
