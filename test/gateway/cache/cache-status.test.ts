import { expect, test } from "vitest";
import { cacheStatus } from "#gateway/cache/cache-status.ts";

test.each([
  [{ outcome: "hit", ttlMs: 29_999 }, "tradewind; hit; ttl=29"],
  [{ outcome: "hit", ttlMs: -1 }, "tradewind; hit; ttl=-1"],
  [{ outcome: "hit", stored: true }, "tradewind; hit"],
  [{ outcome: "miss" }, "tradewind; fwd=miss"],
  [{ outcome: "miss", stored: true }, "tradewind; fwd=miss; stored"],
  [{ outcome: "miss", stored: true, ttlMs: 60_000 }, "tradewind; fwd=miss; stored; ttl=60"],
  [{ outcome: "stale", ttlMs: -12_000 }, "tradewind; hit; ttl=-12"],
  [{ outcome: "stale", ttlMs: 0, stored: true }, "tradewind; hit; ttl=-1"],
  [{ outcome: "stale" }, "tradewind; hit; ttl=-1"],
  [{ outcome: "bypass" }, "tradewind; fwd=bypass"],
  [{ outcome: "collapsed" }, "tradewind; fwd=miss; collapsed"],
  [{ outcome: "bypass", detail: "off" }, 'tradewind; fwd=bypass; detail="off"'],
] as const)("the Cache-Status of %j is %s", (status, expected) => {
  expect(cacheStatus(status)).toBe(expected);
});

test("a detail in Cache-Status can't end its string or the header", () => {
  const detail = 'a"b\\c\r\nx: y é';
  expect(cacheStatus({ outcome: "miss", detail })).toBe('tradewind; fwd=miss; detail="a\\"b\\\\c??x: y ?"');
});
