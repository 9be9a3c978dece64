import { expect, test } from "vitest";
import { spreadDemand } from "#gateway/operations/demand/spread-demand.ts";

const hour = 1_000 * 3_600_000;
const minute = 60_000;
const sum = (requests: number, at = hour, model = "m") => ({ hour: at, model, requests });
const minutesOf = (rows: ReturnType<typeof spreadDemand>) =>
  rows.map(({ minute: at, requests }) => [(at - hour) / minute, requests]);

test("what an hour's sum grew by since the last look came in the minutes between", () => {
  const looked = { lookedAt: hour + 10 * minute + 20_000, now: hour + 11 * minute + 5_000 };
  const rows = spreadDemand({ ledger: [sum(160)], counted: [sum(100)], ...looked });
  expect(minutesOf(rows)).toEqual([
    [10, 30],
    [11, 30],
  ]);
});

test("where nobody ever looked, an hour's sum is spread over as much of it as went by", () => {
  const rows = spreadDemand({ ledger: [sum(60)], counted: [], lookedAt: undefined, now: hour + 5 * minute });
  expect(minutesOf(rows)).toEqual([0, 1, 2, 3, 4, 5].map((place) => [place, 10]));
});

test("what is written late of an hour that is over counts in its last minute", () => {
  const looked = { lookedAt: hour + 60 * minute + 1_000, now: hour + 60 * minute + 16_000 };
  expect(minutesOf(spreadDemand({ ledger: [sum(105)], counted: [sum(100)], ...looked }))).toEqual([[59, 5]]);
});

test("after a long time without a look each hour's growth stays within that hour", () => {
  const looked = { lookedAt: hour + 58 * minute, now: hour + 61 * minute };
  const ledger = [sum(102), sum(30, hour + 60 * minute)];
  expect(minutesOf(spreadDemand({ ledger, counted: [sum(100)], ...looked }))).toEqual([
    [58, 1],
    [59, 1],
    [60, 15],
    [61, 15],
  ]);
});

test("sums that shrank, as when a tenant's were swept, and names that hold each other are no demand", () => {
  const looked = { lookedAt: hour, now: hour + minute };
  expect(spreadDemand({ ledger: [sum(90)], counted: [sum(100)], ...looked })).toEqual([]);
  const named = [sum(4, hour, "a"), sum(6, hour, "a b")];
  const rows = spreadDemand({ ledger: named, counted: [sum(4, hour, "a")], ...looked });
  expect(new Set(rows.map(({ model }) => model))).toEqual(new Set(["a b"]));
});
