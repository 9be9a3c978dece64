import { expect, test } from "vitest";
import { systemChance } from "#infra/runtime/chance.ts";
import { acceptRequestId, createRequestIds } from "#infra/runtime/request-id.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const chance = { number: () => 0, bytes: (count: number) => new Uint8Array(count).fill(0xff) };

test("ids are 26 characters and sort by when they were made", () => {
  const clock = createFakeClock();
  const first = createRequestIds(clock, chance)();
  clock.advance(1);
  const second = createRequestIds(clock, { ...chance, bytes: (count) => new Uint8Array(count) })();
  expect(first).toMatch(/^[0-9A-HJKMNP-TV-Z]{10}Z{16}$/);
  expect(second).toMatch(/^[0-9A-HJKMNP-TV-Z]{10}0{16}$/);
  expect([second, first].sort()).toEqual([first, second]);
});

test("ten thousand ids of one moment are all different", () => {
  const next = createRequestIds(createFakeClock(), systemChance);
  expect(new Set(Array.from({ length: 10_000 }, () => next())).size).toBe(10_000);
});

test("the time part reads back as the time", () => {
  const id = createRequestIds(createFakeClock({ startAt: 1_469_918_176_385 }), chance)();
  expect(id.slice(0, 10)).toBe("01ARYZ6S41");
});

test("a caller's id is kept only when it is harmless", () => {
  expect(acceptRequestId("trace-1:2.3_x")).toBe("trace-1:2.3_x");
  expect(["", "a b", "x\r\ny", "é", "a".repeat(129), undefined].map(acceptRequestId)).toEqual(
    Array(6).fill(undefined),
  );
});
