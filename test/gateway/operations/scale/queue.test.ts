import { expect, test } from "vitest";
import { mostWithin, overflowShare } from "#gateway/operations/scale/queue.ts";

test("without room to wait the share is that of Erlang's loss formula", () => {
  const queue = { servers: 10, serviceMs: 1_000, waitMs: 0 };
  expect(overflowShare(5, queue)).toBeCloseTo(0.01838, 5);
  expect(overflowShare(10, queue)).toBeCloseTo(0.21458, 5);
});

test("one server with room for seven more overflows as an M/M/1/8 queue does", () => {
  const share = (load: number): number => (load ** 8 * (1 - load)) / (1 - load ** 9);
  const queue = { servers: 1, serviceMs: 100, waitMs: 500 };
  expect(overflowShare(8, queue)).toBeCloseTo(share(0.8), 10);
  expect(overflowShare(15, queue)).toBeCloseTo(share(1.5), 10);
  expect(overflowShare(10, queue)).toBeCloseTo(1 / 9, 6);
});

test("far beyond what is carried, what is too much overflows", () => {
  const queue = { servers: 4, serviceMs: 100, waitMs: 500 };
  expect(overflowShare(4_000, queue)).toBeCloseTo(0.99, 3);
});

test("more comes, more overflows; more servers, less", () => {
  for (const waitMs of [0, 80, 900]) {
    let before = 0;
    for (let rps = 1; rps < 200; rps += 7) {
      const share = overflowShare(rps, { servers: 6, serviceMs: 62, waitMs });
      expect(share).toBeGreaterThanOrEqual(before);
      expect(overflowShare(rps, { servers: 7, serviceMs: 62, waitMs })).toBeLessThanOrEqual(share);
      before = share;
    }
  }
});

test("without servers, without time or without a way to be in time everything overflows, and of nothing nothing", () => {
  expect(overflowShare(5, { servers: 0, serviceMs: 10, waitMs: 100 })).toBe(1);
  expect(overflowShare(5, { servers: 2, serviceMs: 0, waitMs: 100 })).toBe(1);
  expect(overflowShare(5, { servers: 2, serviceMs: 10, waitMs: -1 })).toBe(1);
  expect(overflowShare(0, { servers: 0, serviceMs: 10, waitMs: 100 })).toBe(0);
  expect(overflowShare(Number.NaN, { servers: 1, serviceMs: 10, waitMs: 100 })).toBe(0);
});

test("a hundred thousand servers are counted in no time, and never with a share outside of 0 to 1", () => {
  for (const rps of [1e-9, 1, 1e6, 1e9]) {
    const share = overflowShare(rps, { servers: 100_000, serviceMs: 62, waitMs: 5_000 });
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
});

test("what is carried is what overflows by just that share", () => {
  const queue = { servers: 3, serviceMs: 62, waitMs: 500 };
  expect(overflowShare(mostWithin(0.005, queue), queue)).toBeCloseTo(0.005, 6);
  expect(mostWithin(0.005, { ...queue, servers: 0 })).toBe(0);
  expect(mostWithin(0.005, { ...queue, waitMs: -1 })).toBe(0);
});
