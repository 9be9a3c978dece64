import { expect, test } from "vitest";
import { worthDownscaling } from "#gateway/prepare/worth-downscaling.ts";

const free = { bytes: 300_000, expectedBytes: 20_000, egressUsdPerGb: 0, uploadMbitPerS: 1_000, cpuMs: 10 };

test("a smaller copy is worth it where the way is slow", () => {
  // 280 KB take 2.24 ms at a gigabit, 22.4 ms at a tenth of it.
  expect(worthDownscaling(free)).toBe(false);
  expect(worthDownscaling({ ...free, uploadMbitPerS: 100 })).toBe(true);
  expect(worthDownscaling({ ...free, cpuMs: 2 })).toBe(true);
});

test("a smaller copy is worth it where the way costs more than the core that shortens it", () => {
  // 280 KB at 9 cents a gigabyte are 25 millionths of a dollar; 10 ms of a core are less than one.
  expect(worthDownscaling({ ...free, egressUsdPerGb: 0.09 })).toBe(true);
  expect(worthDownscaling({ ...free, egressUsdPerGb: 0.0001 })).toBe(false);
  expect(worthDownscaling({ ...free, egressUsdPerGb: 0.09, cpuUsdPerHour: 100 })).toBe(false);
});

test("a copy that is not smaller is never worth it", () => {
  const costly = { ...free, egressUsdPerGb: 10, uploadMbitPerS: 0.1 };
  expect(worthDownscaling({ ...costly, expectedBytes: 300_000 })).toBe(false);
  expect(worthDownscaling({ ...costly, expectedBytes: 400_000 })).toBe(false);
});
