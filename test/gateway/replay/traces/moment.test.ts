import { expect, test } from "vitest";
import { readIsoMoment, readLogMoment } from "#gateway/replay/traces/moment.ts";

test("a time with seven digits keeps each of them", () => {
  const moment = readIsoMoment("2023-11-16 18:17:03.9799601");
  expect(moment?.ms).toBe(Date.UTC(2023, 10, 16, 18, 17, 3, 979));
  expect(moment?.extraMs).toBeCloseTo(0.9601, 9);
  expect(moment?.coarse).toBe(false);
});

test.each([
  ["2018-07-02T22:23:00Z", 0],
  ["2018-07-02T22:23:00+02:00", -2],
  ["2018-07-02T22:23:00-0330", 3.5],
])("the ISO time %s is read with its zone", (text, hours) => {
  const at = Date.UTC(2018, 6, 2, 22, 23) + hours * 3_600_000;
  expect(readIsoMoment(text)).toEqual({ ms: at, extraMs: 0, coarse: true });
});

test("the time of a web server's log is read with its zone", () => {
  const at = Date.UTC(2000, 9, 10, 20, 55, 36);
  expect(readLogMoment("10/Oct/2000:13:55:36 -0700")).toEqual({ ms: at, extraMs: 0, coarse: true });
});

test("a leap day is a day and a leap second a second", () => {
  expect(readIsoMoment("2024-02-29T00:00:00Z")?.ms).toBe(Date.UTC(2024, 1, 29));
  expect(readIsoMoment("2016-12-31T23:59:60Z")?.ms).toBe(Date.UTC(2017, 0, 1));
});

test.each([
  "",
  "2023-11-16",
  "2023-02-29T00:00:00Z",
  "2023-13-01T00:00:00Z",
  "2023-00-01T00:00:00Z",
  "2023-01-00T00:00:00Z",
  "2023-01-01T24:00:00Z",
  "2023-01-01T00:60:00Z",
  "2023-01-01T00:00:61Z",
  "2023-01-01T00:00:00.Z",
  "2023-01-01T00:00:00.1234567890Z",
  " 2023-01-01T00:00:00Z",
])('"%s" is no ISO time', (text) => {
  expect(readIsoMoment(text)).toBeUndefined();
});

test.each([
  "10/Okt/2000:13:55:36 -0700",
  "32/Oct/2000:13:55:36 -0700",
  "10/Oct/2000:13:55:36",
  "00/Oct/2000:00:00:00 +0000",
])('"%s" is no time of a web server', (text) => {
  expect(readLogMoment(text)).toBeUndefined();
});
