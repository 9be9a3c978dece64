import { expect, test } from "vitest";
import { besides, promoted, rolesOf, rolledBack, shifted } from "#adapters/cloud-run/plan-traffic.ts";
import type { Share } from "#adapters/cloud-run/read-service.ts";

const v1: Share = { revision: "d-1", percent: 100 };
const both: readonly Share[] = [v1, { revision: "d-2", percent: 0, tag: "candidate" }];
const sum = (shares: readonly Share[] = []): number => shares.reduce((all, { percent }) => all + percent, 0);

test("a candidate gets an address and nothing of what comes to the service", () => {
  expect(besides([v1], "d-2")).toEqual(both);
});

test("a new candidate takes the place of an older one, and what that one had goes back", () => {
  const shares = [
    { revision: "d-1", percent: 70 },
    { revision: "d-2", percent: 30, tag: "candidate" },
  ];
  expect(besides(shares, "d-3")).toEqual([v1, { revision: "d-3", percent: 0, tag: "candidate" }]);
});

test("a candidate beside several revisions leaves them what they have", () => {
  const shares = [
    { revision: "d-0", percent: 40 },
    { revision: "d-1", percent: 60 },
    { revision: "d-1", percent: 0, tag: "team" },
  ];
  expect(besides(shares, "d-2")).toEqual([...shares, { revision: "d-2", percent: 0, tag: "candidate" }]);
});

test("nothing stands beside a service that answers nowhere", () => {
  expect(() => besides([], "d-2")).toThrow(/nothing can stand beside/);
});

test.each([
  [0.25, 25],
  [0.004, 1],
  [0.999, 99],
  [0.5049, 50],
])("a share of %d is %d percent of the traffic, with the rest for what answers", (share, percent) => {
  const planned = shifted(both, "d-2", share);
  expect(planned).toContainEqual({ revision: "d-2", percent, tag: "candidate" });
  expect(sum(planned)).toBe(100);
});

test("a share that the candidate has already changes nothing", () => {
  expect(shifted(both, "d-2", 0)).toBeUndefined();
  expect(shifted(shifted(both, "d-2", 0.1) ?? [], "d-2", 0.1)).toBeUndefined();
});

test("tags that somebody else gave are kept through all changes", () => {
  const shares = [...both, { revision: "d-0", percent: 0, tag: "team" }];
  const theirs = { revision: "d-0", percent: 0, tag: "team" };
  expect(shifted(shares, "d-2", 0.5)).toContainEqual(theirs);
  expect(promoted(shares, "d-2")).toContainEqual(theirs);
  expect(rolledBack(shares, "d-2")).toContainEqual(theirs);
});

test("all of the traffic is a promotion, however it is asked for", () => {
  expect(shifted(both, "d-2", 1)).toEqual(promoted(both, "d-2"));
});

test("what was promoted answers, what answered is remembered, and nobody is the candidate", () => {
  const planned = promoted(both, "d-2") ?? [];
  expect(rolesOf(planned)).toEqual({ stable: "d-2", candidate: undefined, previous: "d-1" });
  expect(sum(planned)).toBe(100);
  expect(promoted(planned, "d-2")).toBeUndefined();
});

test("who still calls a promoted candidate by its address is answered by it", () => {
  expect(promoted(both, "d-2")).toContainEqual({ revision: "d-2", percent: 100, tag: "candidate" });
});

test("a candidate that is taken back leaves its address to what answers", () => {
  const planned = rolledBack(both, "d-2") ?? [];
  expect(planned).toEqual([{ revision: "d-1", percent: 100, tag: "candidate" }]);
  expect(rolesOf(planned)).toEqual({ stable: "d-1", candidate: undefined, previous: undefined });
  expect(rolledBack(planned, "d-2")).toBeUndefined();
});

test("a promotion that is taken back lets answer what answered before", () => {
  const back = rolledBack(promoted(both, "d-2") ?? [], "d-2") ?? [];
  expect(rolesOf(back)).toEqual({ stable: "d-1", candidate: undefined, previous: undefined });
  expect(back.some(({ revision }) => revision === "d-2")).toBe(false);
  expect(rolledBack(back, "d-2")).toBeUndefined();
});

test("a second promotion remembers only what it replaced", () => {
  const once = promoted(both, "d-2") ?? [];
  const twice = promoted(besides(once, "d-3"), "d-3") ?? [];
  expect(rolesOf(twice)).toEqual({ stable: "d-3", candidate: undefined, previous: "d-2" });
  expect(sum(twice)).toBe(100);
});

test("what is no candidate is neither promoted nor given a share", () => {
  expect(() => promoted(both, "d-9")).toThrow(expect.objectContaining({ code: "provider_missing" }));
  expect(() => shifted(both, "d-9", 0.1)).toThrow(/d-9 is no candidate/);
});

test("what answers is not taken back where nothing is known to have answered before", () => {
  expect(() => rolledBack([v1], "d-1")).toThrow(/nothing is known to have answered before d-1/);
});
