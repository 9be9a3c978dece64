import { expect, test } from "vitest";
import { type Freeze, freezeOf, frozenInWords, lastThaw, refuseFrozen } from "#gateway/records/freezes.ts";

const frozen = (id: number, more: Partial<Freeze> = {}): Freeze => ({
  ...{ id, provider: undefined, actor: "ann", why: "the sale", createdAt: new Date(0) },
  ...{ until: undefined, endedAt: undefined },
  ...more,
});

test("a freeze of all holds every provider, one of a provider only that one, and one that ended nobody", () => {
  expect(freezeOf([frozen(1)], "near")?.id).toBe(1);
  expect(freezeOf([frozen(1, { provider: "far" })], "near")).toBeUndefined();
  expect(freezeOf([frozen(2, { provider: "near" }), frozen(1)], "near")?.id).toBe(2);
  expect(freezeOf([frozen(1, { endedAt: new Date(5) })], "near")).toBeUndefined();
});

test("the last thaw is that of whatever held a provider", () => {
  const ended = (id: number, at: number, provider?: string) =>
    frozen(id, { provider, endedAt: new Date(at) });
  expect(lastThaw([ended(1, 5), ended(2, 9, "near"), ended(3, 20, "far")], "near")).toBe(9);
  expect(lastThaw([frozen(1)], "near")).toBeUndefined();
});

test("who is refused by a freeze hears who wants it, why, and until when", () => {
  const held = [frozen(1, { provider: "near", until: new Date(0) })];
  expect(() => refuseFrozen(held, ["far", "near"])).toThrow(
    "near is frozen until 1970-01-01T00:00:00.000Z by ann: the sale",
  );
  expect(() => refuseFrozen(held, ["far"])).not.toThrow();
  expect(frozenInWords(frozen(1))).toBe("the fleet is frozen by ann: the sale");
});
