import { expect, test } from "vitest";
import type { ProviderStatus, Trouble } from "#adapters/control.ts";
import type { Observed } from "#gateway/operations/observe.ts";
import { createVerification } from "#gateway/operations/verify-changes.ts";

const seen = (status: Partial<ProviderStatus> | undefined): ReadonlyMap<string, Observed> => {
  const usual = { desired: 3, running: 1, pending: 2, revisions: [], coldStarts: [], troubles: [] };
  const whole = status && { ...usual, isSettled: false, ...status };
  return new Map([["near", { provider: "near", status: whole, price: undefined, troubles: [] }]]);
};

const trouble = (kind: Trouble["kind"], at: number): Trouble => ({
  kind,
  at,
  name: undefined,
  message: "no room",
});

function ordered() {
  const verification = createVerification();
  verification.ordered("near", { count: 3 }, 1_000);
  return verification;
}

test("an order is told once when all of it stands, with how long that took", () => {
  const verification = ordered();
  expect(verification.look(seen({}), 2_000)).toEqual([]);
  expect(verification.look(seen({ running: 3, isSettled: true }), 61_000)).toMatchObject([
    { provider: "near", kind: "settled", afterMs: 60_000, running: 3 },
  ]);
  expect(verification.look(seen({ running: 3, isSettled: true }), 62_000)).toEqual([]);
});

test("a platform that says that it has no more is told at once, unless it said so of an earlier order", () => {
  const verification = ordered();
  expect(verification.look(seen({ troubles: [trouble("capacity", 500)] }), 2_000)).toEqual([]);
  expect(verification.look(seen({ troubles: [trouble("health", 1_500)] }), 2_000)).toEqual([]);
  expect(verification.look(seen({ troubles: [trouble("quota", 1_500)] }), 2_000)).toMatchObject([
    { kind: "lacking", why: "no room", running: 1 },
  ]);
});

test("one that takes very long is told once as late, and still when it stands in the end", () => {
  const verification = ordered();
  const kinds = [901_001, 902_000].map((now) => verification.look(seen({}), now).map(({ kind }) => kind));
  expect(kinds).toEqual([["late"], []]);
  expect(verification.look(seen({ running: 3, isSettled: true }), 1_000_000)).toMatchObject([
    { kind: "settled" },
  ]);
});

test("of a platform that cannot be read nothing is said", () => {
  expect(ordered().look(seen(undefined), 2_000_000)).toEqual([]);
  expect(ordered().look(new Map(), 2_000_000)).toEqual([]);
});
