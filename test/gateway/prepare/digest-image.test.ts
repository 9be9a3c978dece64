import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { digestImage } from "#gateway/prepare/digest-image.ts";

test("a digest of pieces is the digest of the whole, however it is cut", () => {
  const whole = Buffer.from("an image in some pieces");
  const expected = createHash("sha256").update(whole).digest("base64url");
  expect(expected).toHaveLength(43);
  expect(digestImage([whole])).toBe(expected);
  expect(digestImage([new Uint8Array(whole)])).toBe(expected);
  expect(digestImage([whole.subarray(0, 5), whole.subarray(5)])).toBe(expected);
  expect(digestImage([whole, Buffer.alloc(0)])).toBe(expected);
  expect(digestImage([whole.subarray(1)])).not.toBe(expected);
});

test("the digest of nothing is that of no bytes", () => {
  expect(digestImage([])).toBe(createHash("sha256").digest("base64url"));
});
