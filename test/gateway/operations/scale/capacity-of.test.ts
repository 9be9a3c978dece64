import { expect, test } from "vitest";
import { capacityOf, carriedBy } from "#gateway/operations/scale/capacity-of.ts";

const promised = { sloMs: 250, attain: 0.995 };
const prior = { baseMs: 60, perInFlightMs: 60 };

test("one instance may be loaded less than ten of them", () => {
  const capacity = { slots: 1, serviceMs: 60, from: "declared" } as const;
  const [one, ten] = [1, 10].map((count) => carriedBy(capacity, count, promised) / count);
  expect(one ?? 0).toBeGreaterThan(0.15 * (1_000 / 60));
  expect(one ?? 0).toBeLessThan(0.7 * (1_000 / 60));
  expect(ten ?? 0).toBeGreaterThan(1.3 * (one ?? 0));
  expect(ten ?? 0).toBeLessThan(1_000 / 60);
});

test("an instance that does one after the other is given one at once", () => {
  const found = capacityOf({ terms: { perInstance: 16, prior }, measured: [], ...promised });
  expect(found).toEqual({ slots: 1, serviceMs: 60, from: "declared" });
});

test("an instance that batches is given as many as the SLO lets it carry", () => {
  const terms = { perInstance: 64, prior: { baseMs: 35, perInFlightMs: 5 } };
  const tight = capacityOf({ terms, measured: [], ...promised });
  const loose = capacityOf({ terms, measured: [], sloMs: 1_000, attain: 0.995 });
  expect(tight?.slots ?? 0).toBeGreaterThan(8);
  expect((tight?.serviceMs ?? 0) * 1.5).toBeLessThan(250);
  expect(loose?.slots ?? 0).toBeGreaterThan(tight?.slots ?? 0);
});

test("it is never given more at once than it takes", () => {
  const terms = { perInstance: 4, prior: { baseMs: 35, perInFlightMs: 5 } };
  expect(capacityOf({ terms, measured: [], ...promised })?.slots).toBe(4);
});

test("a stricter promise is kept for less", () => {
  const capacity = { slots: 2, serviceMs: 60, from: "declared" } as const;
  const carried = [0.9, 0.99, 0.999].map((attain) => carriedBy(capacity, 3, { sloMs: 250, attain }));
  expect(carried).toEqual(carried.toSorted((a, b) => b - a));
});

test("what was measured counts and not what was declared", () => {
  const measured = [
    { atOnce: 1, ms: 30, requests: 100 },
    { atOnce: 4, ms: 45, requests: 100 },
  ];
  const found = capacityOf({ terms: { perInstance: 4, prior }, measured, ...promised });
  expect(found).toMatchObject({ slots: 4, from: "measured" });
  expect(found?.serviceMs).toBeCloseTo(45, 6);
});

test("measured at one concurrency alone, it is as slow as that and of the shape that was declared", () => {
  const measured = [{ atOnce: 1, ms: 120, requests: 10 }];
  const terms = { perInstance: 1, prior: { baseMs: 60, perInFlightMs: 5 } };
  expect(capacityOf({ terms, measured, sloMs: 1_000, attain: 0.99 })?.serviceMs).toBeCloseTo(120, 6);
});

test("where nobody knows how many were measured, none is taken for faster than declared, and slower ones are believed", () => {
  const terms = { perInstance: 1, prior };
  const timed = (ms: number) =>
    capacityOf({ terms, measured: [{ atOnce: 1, ms, requests: 9 }], isGuess: true, ...promised });
  expect(timed(5)).toEqual({ slots: 1, serviceMs: 60, from: "declared" });
  expect(timed(90)).toMatchObject({ serviceMs: 90, from: "measured" });
  const undeclared = { terms: { perInstance: 1, prior: undefined }, ...promised };
  const measured = [{ atOnce: 1, ms: 5, requests: 9 }];
  expect(capacityOf({ ...undeclared, measured, isGuess: true })).toMatchObject({ serviceMs: 5 });
});

test("where nothing was measured and nothing declared nobody knows", () => {
  expect(capacityOf({ terms: { perInstance: 4, prior: undefined }, measured: [], ...promised })).toBe(
    undefined,
  );
});

test("what cannot have been measured is left out", () => {
  const measured = [Number.NaN, -5, Number.POSITIVE_INFINITY].map((ms) => ({ atOnce: 1, ms, requests: 5 }));
  const terms = { perInstance: 1, prior };
  expect(capacityOf({ terms, measured, ...promised })).toMatchObject({ serviceMs: 60, from: "declared" });
});

test("a service that is too slow for the SLO carries nothing", () => {
  expect(carriedBy({ slots: 1, serviceMs: 300, from: "declared" }, 10, promised)).toBe(0);
});
