import { expect, test } from "vitest";
import { livenessOf } from "#gateway/devices/liveness.ts";

const pollMs = 60_000;
const after = (polls: number) => livenessOf({ lastSeen: 1_000_000, pollMs }, 1_000_000 + polls * pollMs);

test("a silent device is stale after two polls at the latest and offline after five, and never fresh again by itself", () => {
  expect([0, 1, 1.9].map(after)).toEqual(["fresh", "fresh", "fresh"]);
  expect([2, 3, 4.9].map(after)).toEqual(["stale", "stale", "stale"]);
  expect([5, 6, 1_000].map(after)).toEqual(["offline", "offline", "offline"]);
});

test("a device that was never heard of is offline", () => {
  expect(livenessOf({ lastSeen: undefined, pollMs }, 0)).toBe("offline");
});

test("a device that another gateway heard a moment ahead of this clock is fresh", () => {
  expect(livenessOf({ lastSeen: 5_000, pollMs }, 4_000)).toBe("fresh");
});
