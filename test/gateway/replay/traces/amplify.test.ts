import { expect, test } from "vitest";
import { createSeeded } from "#gateway/replay/seeded.ts";
import { amplify, scaleRate, slice } from "#gateway/replay/traces/amplify.ts";
import { type Arrivals, arrivalsOf, meanRps, modelAt } from "#gateway/replay/traces/arrivals.ts";
import { azureTrace } from "./shipped-traces.ts";

const few = arrivalsOf(
  [0, 400, 5_000].map((atMs, index) => ({ atMs, bytes: index + 1, model: `m${index}` })),
);

/** Variance over mean of the requests in each second: 1 where requests don't know of each other. */
function dispersionOf({ atMs }: Arrivals, spanMs: number): number {
  const counts = new Float64Array(Math.ceil(spanMs / 1000));
  for (const ms of atMs) {
    const second = Math.floor(ms / 1000);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length / mean;
}

test("one copy is the trace itself", () => {
  const same = amplify(few, { copies: 1, seed: 1 });
  expect([same.atMs, same.bytes]).toEqual([few.atMs, few.bytes]);
});

test("each copy comes up to a second later with its own size and model", () => {
  const many = amplify(few, { copies: 20, seed: 3 });
  expect(many.count).toBe(60);
  expect([...many.atMs]).toEqual([...many.atMs].sort((a, b) => a - b));
  for (let index = 0; index < many.count; index++) {
    const original = (many.bytes[index] ?? 0) - 1;
    const delay = (many.atMs[index] ?? -1) - (few.atMs[original] ?? 0);
    expect(delay).toBeGreaterThanOrEqual(0);
    expect(delay).toBeLessThan(1_000);
    expect(modelAt(many, index)).toBe(`m${original}`);
  }
});

test("copies are decided by the seed, and more copies keep the fewer", () => {
  const [ten, again, other] = [3, 3, 4].map((seed) => amplify(few, { copies: 10, seed }));
  expect(again?.atMs).toEqual(ten?.atMs);
  expect(other?.atMs).not.toEqual(ten?.atMs);
  const twenty = new Set(amplify(few, { copies: 20, seed: 3 }).atMs);
  expect(ten?.atMs.every((ms) => twenty.has(ms))).toBe(true);
});

test("the jitter is as wide as was asked for", () => {
  const { atMs } = amplify(arrivalsOf([{ atMs: 0, bytes: 1 }]), { copies: 100, seed: 1, jitterMs: 10 });
  expect(atMs.at(-1)).toBeGreaterThan(5);
  expect(atMs.at(-1)).toBeLessThan(10);
});

test.each([0, -1, 1.5, Number.NaN])("%d copies are refused", (copies) => {
  expect(() => amplify(few, { copies, seed: 1 })).toThrow(RangeError);
});

test("more copies than can be held are refused before memory is asked for", () => {
  expect(() => amplify(few, { copies: 1e9, seed: 1 })).toThrow(/too many for one replay/);
  expect(() => scaleRate(few, { rps: 1e12, seed: 1 })).toThrow(/too many for one replay/);
});

test("copies keep the bursts of a real trace, requests drawn anew would not", async () => {
  const { arrivals, spanMs } = await azureTrace();
  const amplified = amplify(arrivals, { copies: 20, seed: 1 });
  const seeded = createSeeded(1);
  const anew = arrivalsOf(
    Array.from({ length: amplified.count }, () => ({ atMs: seeded.number() * spanMs, bytes: 1 })),
  );
  expect(dispersionOf(amplified, spanMs + 1_000)).toBeGreaterThan(10 * dispersionOf(arrivals, spanMs));
  expect(dispersionOf(anew, spanMs)).toBeLessThan(1.2);
});

test("a slice is what came from its start to just before its end, counted from its start", () => {
  const part = slice(few, 400, 5_000);
  expect([part.count, ...part.atMs, ...part.bytes]).toEqual([1, 0, 2]);
  expect(modelAt(part, 0)).toBe("m1");
  expect([...slice(few, 100, 6_000).atMs]).toEqual([300, 4_900]);
});

test("a slice of nothing is empty, and one of everything is everything", () => {
  expect(slice(few, 6_000, 9_000).count).toBe(0);
  expect(slice(few, 5_000, 400).count).toBe(0);
  expect(slice(few, 0, Infinity).atMs).toEqual(few.atMs);
});

test.each([0.1, 2.6, 4, 50])("a trace at a mean of %d requests a second has that mean", async (rps) => {
  const { arrivals, spanMs } = await azureTrace();
  const scaled = scaleRate(arrivals, { rps, seed: 1, spanMs });
  expect(Math.abs(meanRps(scaled) / rps - 1)).toBeLessThan(0.001);
  const copies = Math.max(1, Math.round((rps * spanMs) / 1000 / arrivals.count));
  expect(scaled.count).toBe(arrivals.count * copies);
});

test("a trace without requests, and a rate of nothing, cannot be scaled", () => {
  expect(() => scaleRate(arrivalsOf([]), { rps: 1, seed: 1 })).toThrow(RangeError);
  expect(() => scaleRate(few, { rps: 0, seed: 1 })).toThrow(RangeError);
  expect(() => scaleRate(few, { rps: Number.NaN, seed: 1 })).toThrow(RangeError);
});
