import { expect, test } from "vitest";
import { readBase64 } from "#inference/image-api/base64.ts";
import { seededRandom } from "#test/support/random.ts";

test("what was written in either alphabet is read again, padded or not, broken into lines or not", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 300; round += 1) {
    const bytes = Buffer.from(Array.from({ length: random.integer(0, 40) }, () => random.integer(0, 255)));
    const padded = bytes.toString("base64");
    const broken = padded.replace(/(.{5})/g, "$1\r\n");
    for (const text of [
      padded,
      padded.replace(/=+$/, ""),
      bytes.toString("base64url"),
      broken,
      ` ${padded}\t`,
    ]) {
      expect(readBase64(text)).toEqual(bytes);
    }
  }
});

test.each([
  "A",
  "AAAAA",
  "AAAA=",
  "AAA==",
  "AA=",
  "=",
  "====",
  "AAAA====",
  "A=A=",
  "AA=A",
  "AA%3D",
  "AAAA,",
  "AAAA\0",
  "ÄAAA",
  "ŁAAA",
  "AAAA\u00a0",
])("%j is no base64", (text) => {
  expect(readBase64(text)).toBeUndefined();
});

test("megabytes that are almost base64 are refused in linear time", () => {
  const from = performance.now();
  expect(readBase64(`${"A".repeat(8_000_000)}!`)).toBeUndefined();
  expect(readBase64(`${"A ".repeat(2_000_000)}!`)).toBeUndefined();
  expect(performance.now() - from).toBeLessThan(2_000);
});
