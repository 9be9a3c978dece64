import { expect, test } from "vitest";
import { z } from "zod";
import {
  checkTerms,
  isUnpriced,
  type KindDefaults,
  termsFrom,
  termsShape,
} from "#adapters/terms-settings.ts";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";

const provisioned: KindDefaults = { billing: "provisioned", standing: false };
const byInstance: KindDefaults = { billing: "instance", standing: false };

const schemaOf = (defaults: KindDefaults) =>
  z.strictObject(termsShape).superRefine(checkTerms(defaults), besideOthers);

const termsOf = (given: object, defaults = provisioned) =>
  termsFrom(schemaOf(defaults).parse(given), defaults);

const problems = (given: object, defaults = provisioned): string[] =>
  schemaOf(defaults)
    .safeParse(given)
    .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

test("what is provisioned needs no word: it is there, costs nothing more, and takes as many as there are connections", () => {
  expect(termsOf({})).toEqual({
    billing: "provisioned",
    usdPerSecond: 0,
    usdPerRequest: 0,
    egressUsdPerGb: 0,
    idleMs: 0,
    coldMs: 0,
    mostInFlight: 64,
    perInstance: 64,
    budget: { usdPerHour: Number.POSITIVE_INFINITY, usdPerDay: Number.POSITIVE_INFINITY },
    prior: undefined,
  });
});

test("everything that is said is taken over, in seconds and milliseconds", () => {
  const given = {
    billing: "instance",
    usdPerHour: 3.6,
    usdPerRequest: 0.000_1,
    egressUsdPerGb: 0.09,
    idle: "10m",
    cold: "20s",
    concurrency: 32,
    perInstance: 8,
    budget: { usdPerHour: 2, usdPerDay: 20 },
    prior: { base: "20ms", perInFlight: "5ms" },
  };
  expect(termsOf(given)).toEqual({
    billing: "instance",
    usdPerSecond: 0.001,
    usdPerRequest: 0.000_1,
    egressUsdPerGb: 0.09,
    idleMs: 600_000,
    coldMs: 20_000,
    mostInFlight: 32,
    perInstance: 8,
    budget: { usdPerHour: 2, usdPerDay: 20 },
    prior: { baseMs: 20, perInFlightMs: 5 },
  });
});

test("what is started for requests stays for a quarter of an hour and needs ten seconds, unless it says otherwise", () => {
  const terms = termsOf({ usdPerSecond: 0.001, concurrency: 16 }, byInstance);
  expect(terms).toMatchObject({ billing: "instance", idleMs: 900_000, coldMs: 10_000, perInstance: 16 });
  expect(termsOf({ usdPerRequest: 0.01 })).toMatchObject({ billing: "request", coldMs: 10_000 });
  expect(termsOf({ usdPerRequest: 0.01 }, { ...provisioned, standing: true })).toMatchObject({ coldMs: 0 });
});

test("a budget for the hour alone leaves the day open", () => {
  const { budget } = termsOf({ budget: { usdPerHour: 2 } });
  expect(budget).toEqual({ usdPerHour: 2, usdPerDay: Number.POSITIVE_INFINITY });
});

test("a name in the price book says the price, and how it is paid for unless that is said", () => {
  const run = termsOf({ price: "gcp/cloud-run/l4" });
  expect(run.billing).toBe("instance");
  expect(run.usdPerSecond).toBeCloseTo(0.000_290_7, 9);
  const small = termsOf({ price: "gcp/cloud-run/cpu-1x2/request" }, byInstance);
  expect(small).toMatchObject({ billing: "request", usdPerRequest: 0.000_000_4 });
  expect(termsOf({ price: "gcp/cloud-run/l4", billing: "provisioned" }).billing).toBe("provisioned");
  expect(termsOf({ price: "aws/g4dn.xlarge/us-east-1" }, byInstance).billing).toBe("instance");
  expect(termsOf({ egressUsdPerGb: "gcp/egress/premium" }).egressUsdPerGb).toBe(0.12);
});

test("a price beside a name that has none is the price", () => {
  const terms = termsOf({ price: "azure/container-apps/t4", usdPerHour: 3.6 });
  expect(terms).toMatchObject({ billing: "instance", usdPerSecond: 0.001 });
});

test.each([
  [{}, true],
  [{ price: "aws/g6.xlarge/us-east-1" }, true],
  [{ price: "aws/g6.xlarge/eu-north-1" }, false],
  [{ usdPerRequest: 0 }, false],
  [{ usdPerHour: 0 }, false],
])("%j is unpriced: %j", (given, unpriced) => {
  expect(isUnpriced(schemaOf(provisioned).parse(given))).toBe(unpriced);
});

test.each([
  [
    { price: "gcp/cloud-run/l4", usdPerSecond: 1 },
    "usdPerSecond: contradicts price, which says what an instance costs already",
  ],
  [
    { usdPerHour: 1, usdPerSecond: 1 },
    "usdPerSecond: contradicts usdPerHour, which says what an instance costs already",
  ],
  [
    { price: "gcp/cloud-run/cpu-1x2/request", usdPerRequest: 1 },
    "usdPerRequest: contradicts price, which says what a request costs already",
  ],
  [
    { price: "gcp/cloud-run/l4", billing: "request" },
    "billing: contradicts price, since gcp/cloud-run/l4 is billed by the instance",
  ],
  [
    { billing: "request" },
    ": billed by the request, so it needs a price: give price, usdPerSecond or usdPerRequest",
  ],
  [
    { billing: "instance", usdPerRequest: 1 },
    ": billed by the instance, so it needs a price: give price, usdPerHour or usdPerSecond",
  ],
  [
    { price: "azure/container-apps/a100" },
    "price: the price book knows no price for azure/container-apps/a100, so give usdPerHour or usdPerSecond beside it",
  ],
  [{ perInstance: 65 }, "perInstance: expected at most concurrency, which is 64"],
  [{ concurrency: 4, perInstance: 5 }, "perInstance: expected at most concurrency, which is 4"],
])("%j is refused", (given, problem) => {
  expect(problems(given)).toEqual([problem]);
});

test.each([
  { budget: { usdPerHour: 0 } },
  { budget: { usdPerDay: -1 } },
  { budget: { usdPerWeek: 1 } },
  { usdPerHour: -1 },
  { usdPerSecond: 10_001 },
  { concurrency: 0 },
  { perInstance: 1.5 },
  { idle: "2d" },
  { cold: 10 },
  { egressUsdPerGb: "gcp/egress" },
  { prior: { base: "20ms" } },
  { billing: "free" },
  { price: 5 },
])("%j is one problem and no more", (given) => {
  expect(problems(given)).toHaveLength(1);
});

test("an unknown price is refused with the near ones, and is not a missing price too", () => {
  expect(problems({ price: "gcp/cloud-run/l5" }, byInstance)).toEqual([
    'price: the price book has no "gcp/cloud-run/l5"; near it are gcp/cloud-run/l4, gcp/cloud-run/l4-redundant, gcp/cloud-run/rtx-pro-6000',
  ]);
  expect(problems({ price: "x".repeat(100_000) })[0]?.length).toBeLessThan(250);
});

test("what is wrong by itself does not hide what contradicts", () => {
  expect(problems({ idle: 5, usdPerHour: 1, usdPerSecond: 1, perInstance: 100 })).toHaveLength(3);
});

test.each(["2026-11-21T20:15:00Z", "2026-11-21T20:15:00.250+02:00"])(
  "until a moment a provider may be refused: %s",
  (refuseUntil) => {
    expect(problems({ refuseUntil })).toEqual([]);
    expect(termsOf({ refuseUntil })).toEqual(termsOf({}));
  },
);

test.each([
  "soon",
  "2026-11-21",
  "2026-11-21T20:15:00",
  "2026-02-30T00:00:00Z",
  "2026-11-21T25:00:00Z",
  5,
  "",
])("%j is no moment until which a provider may be refused", (refuseUntil) => {
  expect(problems({ refuseUntil })[0]).toBe("refuseUntil: expected a moment such as 2026-11-21T20:15:00Z");
});
