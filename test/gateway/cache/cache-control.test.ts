import { expect, test } from "vitest";
import { suits } from "#gateway/cache/cache-control.ts";
import { readCacheControl } from "#inference/image-api/cache-wishes.ts";
import { keptAnswer } from "./sample-answer.ts";

test.each([
  ["", 59_999, "fresh"],
  ["", 60_000, "stale"],
  ["", 90_000, undefined],
  ["no-cache", 0, undefined],
  ["max-age=10", 10_000, "fresh"],
  ["max-age=10", 10_001, undefined],
  ["max-age=10, max-stale=5", 15_000, "fresh"],
  ["max-age=10, max-stale=5", 15_001, undefined],
  ["max-age=100", 60_000, undefined],
  ["max-stale=5", 65_000, "stale"],
  ["max-stale=5", 65_001, undefined],
  ["max-age=1, max-stale", 89_999, "stale"],
  ["min-fresh=10", 50_000, "fresh"],
  ["min-fresh=10", 50_001, undefined],
  ["min-fresh=0", 60_000, undefined],
  ["min-fresh=10, max-stale", 60_001, undefined],
  ["min-fresh=x", 0, undefined],
])("with Cache-Control %j an answer %d ms old is %s", (header, age, expected) => {
  const answer = keptAnswer();
  expect(suits(answer, readCacheControl(header), answer.storedAt + age)).toBe(expected);
});
