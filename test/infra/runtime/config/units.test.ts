import { expect, test } from "vitest";
import { byteSize, byteSizeUpTo, durationUpTo, shareUpTo } from "#infra/runtime/config/units.ts";

const duration = durationUpTo("7d");

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

test("what is nothing, or more than the bound, is refused with both", () => {
  const message = (text: string, unit: typeof duration) => unit.safeParse(text).error?.issues[0]?.message;
  const hour = durationUpTo("1h");
  expect(["0ms", "0.4ms", "30d", "61m"].map((text) => message(text, hour))).toEqual([
    'expected a duration from 1ms to 1h, got "0ms"',
    'expected a duration from 1ms to 1h, got "0.4ms"',
    'expected a duration from 1ms to 1h, got "30d"',
    'expected a duration from 1ms to 1h, got "61m"',
  ]);
  expect(["0B", "2GiB"].map((text) => message(text, byteSizeUpTo("1GiB")))).toEqual([
    'expected a size from 1B to 1GiB, got "0B"',
    'expected a size from 1B to 1GiB, got "2GiB"',
  ]);
  expect([hour.parse("1ms"), hour.parse("1h"), byteSizeUpTo("1GiB").parse("1GiB")]).toEqual([
    1, 3_600_000, 1_073_741_824,
  ]);
  expect(message("9".repeat(400), hour)?.length).toBeLessThan(120);
});

test.each(["250", "ms", "-5s", "5 parsecs", "constructor", "5constructor", ""])(
  "%j is refused as a duration, by its text",
  (text) => {
    const { error } = duration.safeParse(text);
    expect(error?.issues[0]?.message).toBe(`expected a duration such as 250ms, 5s or 2h, got "${text}"`);
  },
);

test.each([
  ["5%", 0.05],
  ["0.5 %", 0.005],
  ["100%", 1],
  [0.05, 0.05],
  [0, 0],
])("the share %j is %d of all", (given, share) => {
  expect(shareUpTo(1).parse(given)).toBe(share);
});

test.each([
  [5, "expected a share from 0% to 100%, got 5"],
  ["101%", 'expected a share from 0% to 100%, got "101%"'],
  [-0.1, "expected a share from 0% to 100%, got -0.1"],
  ["0.05", 'expected a share such as 5% or 0.05, got "0.05"'],
  ["-5%", 'expected a share such as 5% or 0.05, got "-5%"'],
  ["%", 'expected a share such as 5% or 0.05, got "%"'],
  [true, "expected a share such as 5% or 0.05"],
  [Number.NaN, "expected a share such as 5% or 0.05"],
])("%j is refused as a share", (given, message) => {
  expect(shareUpTo(1).safeParse(given).error?.issues[0]?.message).toBe(message);
});

test("a share above its own bound is refused with the bound", () => {
  expect(shareUpTo(0.5).safeParse("60%").error?.issues[0]?.message).toContain("from 0% to 50%");
});
