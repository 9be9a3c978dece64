import { expect, test } from "vitest";
import { byteSize, duration } from "#infra/runtime/config/units.ts";

test.each([
  ["250ms", 250],
  ["1.5s", 1_500],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
])("the duration %s is %d milliseconds", (text, ms) => {
  expect(duration.parse(text)).toBe(ms);
});

test.each([
  ["64KB", 64_000],
  ["20MiB", 20_971_520],
  ["1 GiB", 1_073_741_824],
  ["10B", 10],
])("the size %s is %d bytes", (text, bytes) => {
  expect(byteSize.parse(text)).toBe(bytes);
});

test("what is nothing, or more than any timer or memory holds, is refused", () => {
  const message = (text: string, unit: typeof duration) => unit.safeParse(text).error?.issues[0]?.message;
  expect(["0ms", "8d"].map((text) => message(text, duration))).toEqual([
    "expected at least 1ms",
    "expected at most 7d",
  ]);
  expect(["0B", "2000GiB"].map((text) => message(text, byteSize))).toEqual([
    "expected at least 1B",
    "expected at most 1024GiB",
  ]);
});

test.each(["250", "ms", "-5s", "5 parsecs", "constructor", "5constructor", ""])(
  "%j is refused as a duration, by its text",
  (text) => {
    const { error } = duration.safeParse(text);
    expect(error?.issues[0]?.message).toBe(`expected a duration such as 250ms, 5s or 2h, got "${text}"`);
  },
);
