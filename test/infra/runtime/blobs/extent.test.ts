import { expect, test } from "vitest";
import { extentFrom } from "#infra/runtime/blobs/extent.ts";

const asked = { start: 5, end: 10 };

test("an answer's extent is the range it names, or the whole", () => {
  expect(extentFrom(asked, "bytes 5-9/100", 5)).toEqual({ start: 5, bytes: 5, totalBytes: 100 });
  expect(extentFrom(asked, "bytes 5-6/7", 2)).toEqual({ start: 5, bytes: 2, totalBytes: 7 });
  expect(extentFrom(undefined, undefined, 0)).toEqual({ start: 0, bytes: 0, totalBytes: 0 });
  expect(extentFrom(undefined, "bytes 0-6/7", 7)).toEqual({ start: 0, bytes: 7, totalBytes: 7 });
});

test.each([
  ["bytes 0-9/100", 10],
  ["bytes 5-8/100", 4],
  ["bytes 5-10/100", 6],
  ["bytes 5-9/8", 5],
  ["bytes 5-4/100", 0],
  ["bytes */100", 5],
  ["items 5-9/100", 5],
  [undefined, 5],
])("an answer of %s to another range than that is refused", (contentRange, length) => {
  expect(() => extentFrom(asked, contentRange, length)).toThrow(/another range|ignored the range/);
});

test.each([[undefined], [-1], [Number.NaN], [2 ** 60]])("a whole of %s bytes is refused", (length) => {
  expect(() => extentFrom(undefined, undefined, length)).toThrow("how many bytes");
});
