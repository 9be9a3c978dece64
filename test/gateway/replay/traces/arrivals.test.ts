import { expect, test } from "vitest";
import {
  arrivalsOf,
  meanRps,
  modelAt,
  mostArrivals,
  mustFit,
  orderOf,
} from "#gateway/replay/traces/arrivals.ts";

test("arrivals in any order become ascending columns that stay in step", () => {
  const arrivals = arrivalsOf([
    { atMs: 30, bytes: 3, model: "digits-s" },
    { atMs: 10, bytes: 1 },
    { atMs: 20, bytes: 2, model: "digits-n" },
  ]);
  expect(arrivals.count).toBe(3);
  expect([...arrivals.atMs]).toEqual([10, 20, 30]);
  expect([...arrivals.bytes]).toEqual([1, 2, 3]);
  expect([0, 1, 2, 3].map((index) => modelAt(arrivals, index))).toEqual([
    undefined,
    "digits-n",
    "digits-s",
    undefined,
  ]);
});

test("arrivals without any model have no column of models", () => {
  const arrivals = arrivalsOf([{ atMs: 0, bytes: 1 }]);
  expect(arrivals.models).toBeUndefined();
  expect(modelAt(arrivals, 0)).toBeUndefined();
});

test("arrivals of one moment keep their order", () => {
  const arrivals = arrivalsOf([5, 1, 1, 1].map((atMs, index) => ({ atMs, bytes: index })));
  expect([...arrivals.bytes]).toEqual([1, 2, 3, 0]);
});

test("a column that ascends needs no order", () => {
  expect(orderOf(Float64Array.of(1, 1, 2))).toBeUndefined();
  expect(orderOf(new Float64Array())).toBeUndefined();
});

test("the mean rate is over the time that is given, else to the last arrival, and 0 of nothing", () => {
  const arrivals = arrivalsOf([0, 1_000, 2_000].map((atMs) => ({ atMs, bytes: 1 })));
  expect(meanRps(arrivals)).toBe(1.5);
  expect(meanRps(arrivals, 6_000)).toBe(0.5);
  expect(meanRps(arrivalsOf([]))).toBe(0);
});

test("more arrivals than can be held are refused before they are made", () => {
  expect(() => mustFit(mostArrivals)).not.toThrow();
  expect(() => mustFit(mostArrivals + 1)).toThrow(/20000001 requests are too many/);
});
