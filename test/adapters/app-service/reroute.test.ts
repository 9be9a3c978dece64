import { expect, test } from "vitest";
import { rulesFor, rulesOf } from "#adapters/app-service/reroute.ts";

const other = { name: "beta", actionHostName: "beta.example", reroutePercentage: 5 };
const mine = { name: "candidate", actionHostName: "candidate.example", reroutePercentage: 10 };
const config = { experiments: { rampUpRules: [other, mine] } };
const to = (share: number) => ({ slot: "candidate", host: "candidate.example", share });

test("a slot's share is a rule beside those of other slots", () => {
  expect(rulesFor(config, to(0.333_33))).toEqual([other, { ...mine, reroutePercentage: 33.33 }]);
  expect(rulesFor({}, to(1))).toEqual([{ ...mine, reroutePercentage: 100 }]);
});

test("no share is no rule, and the other slots keep theirs", () => {
  expect(rulesFor(config, to(0))).toEqual([other]);
});

test("a share that a slot has already changes nothing", () => {
  expect(rulesFor(config, to(0.1))).toBeUndefined();
  expect(rulesFor({}, to(0))).toBeUndefined();
});

test("a rule of nothing is none", () => {
  expect(rulesOf({ experiments: { rampUpRules: [{ ...mine, reroutePercentage: 0 }] } })).toEqual([]);
});
