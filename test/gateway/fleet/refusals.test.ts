import { expect, test } from "vitest";
import { refusalsOf } from "#gateway/fleet/refusals.ts";

const since = Date.parse("2026-11-21T12:00:00Z");
const minutes = 60_000;

function refusedAt(afterMinutes: number, until: Readonly<Record<string, string | undefined>>) {
  const providers = Object.fromEntries(
    Object.entries(until).map(([name, refuseUntil]) => [
      name,
      refuseUntil === undefined ? {} : { refuseUntil },
    ]),
  );
  const { names, until: next } = refusalsOf(providers, { since, now: since + afterMinutes * minutes });
  return { names: [...names], ...(next !== undefined && { next: (next - since) / minutes }) };
}

test("a provider is refused until the moment that its settings name, and not at it", () => {
  const until = { lost: "2026-11-21T12:05:00Z", other: undefined };
  expect(refusedAt(0, until)).toEqual({ names: ["lost"], next: 5 });
  expect(refusedAt(4.9, until)).toEqual({ names: ["lost"], next: 5 });
  expect(refusedAt(5, until)).toEqual({ names: [] });
});

test("of several the first comes back first, wherever their moments are written", () => {
  const until = { far: "2026-11-21T12:09:00Z", near: "2026-11-21T14:05:00.500+02:00" };
  expect(refusedAt(1, until).names).toEqual(["far", "near"]);
  expect(refusedAt(1, until).next).toBeCloseTo(5 + 0.5 / 60);
  expect(refusedAt(6, until)).toEqual({ names: ["far"], next: 9 });
});

test("a moment far off ends an hour after the configuration began to be served", () => {
  const until = { lost: "2036-01-01T00:00:00Z" };
  expect(refusedAt(59, until)).toEqual({ names: ["lost"], next: 60 });
  expect(refusedAt(60, until)).toEqual({ names: [] });
});

test("a moment that is over refuses nobody", () => {
  expect(refusedAt(0, { lost: "2026-11-21T11:59:59Z" })).toEqual({ names: [] });
});
