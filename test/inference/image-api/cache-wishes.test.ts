import { expect, test } from "vitest";
import { readCacheControl } from "#inference/image-api/cache-wishes.ts";
import { seededRandom } from "#test/support/random.ts";

const none = { noCache: false, noStore: false, onlyIfCached: false };

test("no Cache-Control is no wish, and costs no new object", () => {
  expect(readCacheControl(undefined)).toEqual(none);
  expect(readCacheControl(undefined)).toBe(readCacheControl(""));
});

test.each([
  ["no-cache", { noCache: true }],
  ["No-Store", { noStore: true }],
  ["only-if-cached", { onlyIfCached: true }],
  ["max-age=10", { maxAgeMs: 10_000 }],
  ['max-age="10"', { maxAgeMs: 10_000 }],
  ["max-age=0, no-store", { maxAgeMs: 0, noStore: true }],
  ["max-age=10,max-age=5", { maxAgeMs: 5_000 }],
  [`max-age=${"9".repeat(400)}`, { maxAgeMs: 2 ** 31 * 1_000 }],
  ["max-stale", { maxStaleMs: Infinity }],
  ["max-stale=3", { maxStaleMs: 3_000 }],
  [" ,, no-cache ,\t", { noCache: true }],
  ['private, x="a, no-store, \\", no-cache", min-fresh=1', { minFreshMs: 1_000 }],
  ["max-age =0", { maxAgeMs: 0 }],
  ["Max-Age = 5, min-fresh\t=\t2", { maxAgeMs: 5_000, minFreshMs: 2_000 }],
  ["min-fresh=1, min-fresh=3", { minFreshMs: 3_000 }],
])("a client's Cache-Control %j is understood", (header, wishes) => {
  expect(readCacheControl(header)).toEqual({ ...none, ...wishes });
});

test.each([
  ["max-age", { maxAgeMs: 0 }],
  ["max-age=", { maxAgeMs: 0 }],
  ["max-age=-1", { maxAgeMs: 0 }],
  ["max-age=1.5", { maxAgeMs: 0 }],
  ["max-age=1e3", { maxAgeMs: 0 }],
  ['max-age="', { maxAgeMs: 0 }],
  ["max-stale=x", { maxStaleMs: 0 }],
  ["min-fresh", { minFreshMs: Infinity }],
  ["min-fresh=soon", { minFreshMs: Infinity }],
  ['x="never closed, no-store', {}],
  ["no-cachex, xno-store, no cache", {}],
  ["__proto__=1, constructor", {}],
])("a malformed Cache-Control %j gets the strictest reading or none", (header, wishes) => {
  expect(readCacheControl(header)).toEqual({ ...none, ...wishes });
});

test("a hostile Cache-Control is read in time that grows with its length alone", () => {
  const startedAt = performance.now();
  for (const piece of ['a="', '",', '\\"', "a=,", "max-age="]) readCacheControl(piece.repeat(100_000));
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test("random Cache-Control headers never throw", () => {
  const random = seededRandom(5);
  const pieces = ["no-cache", "max-age", "=", ",", '"', "\\", "1", " ", "\0", "é"];
  for (let round = 0; round < 2_000; round += 1) {
    const header = Array.from({ length: random.integer(0, 12) }, () => pieces[random.integer(0, 9)]).join("");
    expect(readCacheControl(header)).toMatchObject({ onlyIfCached: false });
  }
});
