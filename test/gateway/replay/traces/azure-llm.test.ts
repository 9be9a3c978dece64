import { expect, test } from "vitest";
import { looksLikeAzureLlm, readAzureLlmRow } from "#gateway/replay/traces/azure-llm.ts";
import { readTrace } from "#gateway/replay/traces/read-trace.ts";
import { azureTrace } from "./shipped-traces.ts";

test("the shipped Azure trace is read whole, by its own look", async () => {
  const { format, arrivals, spanMs, startedAt, lines, cut, sized, observedMs, statuses } = await azureTrace();
  expect({ format, count: arrivals.count, lines, cut, sized, observedMs, statuses }).toEqual({
    format: "azure-llm",
    count: 8_819,
    lines: { read: 8_820, passed: 1, wrong: 0, firstWrong: [] },
    cut: false,
    sized: 0,
    observedMs: undefined,
    statuses: undefined,
  });
  expect(arrivals.atMs[0]).toBe(0);
  expect(arrivals.atMs[2]).toBeCloseTo(98.189, 6);
  expect(spanMs).toBeCloseTo(3_435_948.056, 4);
  expect(startedAt).toBeCloseTo(Date.UTC(2023, 10, 16, 18, 17, 3, 979) + 0.96, 2);
  expect(new Set(arrivals.bytes)).toEqual(new Set([60_000]));
});

test("the shipped Azure trace has the bursts it is known for", async () => {
  const { atMs } = (await azureTrace()).arrivals;
  const gaps = atMs.subarray(1).map((ms, index) => ms - (atMs[index] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  expect(Math.sqrt(variance) / mean).toBeCloseTo(13.2, 1);
});

test("a hundred nanoseconds are kept apart", async () => {
  const lines = ["2023-11-16 18:17:03.0000001,1,1", "2023-11-16 18:17:03.0000002,1,1"];
  const { arrivals } = await readTrace(lines);
  expect(arrivals.atMs[1]).toBeCloseTo(0.0001, 9);
});

test("images of a silent trace can be drawn, and are decided by the seed", async () => {
  const sizes = { medianBytes: 80_000, spread: 0.4 };
  const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => azureTrace({ sizes, seed })));
  expect(same?.arrivals).toEqual(one?.arrivals);
  expect(other?.arrivals.bytes).not.toEqual(one?.arrivals.bytes);
  expect(other?.arrivals.atMs).toEqual(one?.arrivals.atMs);
});

test.each([
  ["TIMESTAMP,ContextTokens,GeneratedTokens", true],
  ["2023-11-16 18:17:03.9799600,4808,10", true],
  ["2024-05-10 00:00:00.009930+00:00,2162,5", true],
  ["2023-11-16 18:17:03.9799600,4808", false],
  ["2023-11-16 18:17:03.9799600,-1,10", false],
  ["", false],
])("a line like %j is told to be or not to be an Azure trace's", (line, looks) => {
  expect(looksLikeAzureLlm(line)).toBe(looks);
});

test.each(["2023-11-31 18:17:03.9799600,1,1", "x,1,1", "2023-11-16 18:17:03.97,1,1,1", "::::::::,1,1"])(
  "%j is wrong in an Azure trace",
  (line) => {
    expect(readAzureLlmRow(line)).toEqual({ wrong: "is no time and two counts of tokens" });
  },
);
