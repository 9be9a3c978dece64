import { expect, test } from "vitest";
import { judgeSelfTest, type SelfTestEnd } from "#edge/self-test/judge-self-test.ts";
import type { SelfTestMeasured } from "#edge/self-test/words.ts";

const limits = { minAgreement: 950_000, memoryBytes: 200 * 1_048_576, timeMs: 60_000 };
const good: SelfTestMeasured = {
  kind: "measured",
  agreement: 990_000,
  isSound: true,
  memoryBytes: 50 * 1_048_576,
  speeds: [{ candidateMs: 12, activeMs: 10, slowdown: 1.1 }],
};

test("a release that repeats the answers in time and in its memory may answer", () => {
  const held = { held: true, agreement: 990_000, p95Ms: 12, memoryBytes: good.memoryBytes };
  expect(judgeSelfTest(good, limits)).toEqual(held);
  expect(judgeSelfTest({ ...good, agreement: 950_000 }, limits)).toMatchObject({ held: true });
  expect(judgeSelfTest({ ...good, memoryBytes: limits.memoryBytes }, limits)).toMatchObject({ held: true });
});

test.each<readonly [string, SelfTestEnd, string, RegExp]>([
  ["repeats too little", { ...good, agreement: 949_999 }, "self_test_failed", /94\.\d+|95\.0 %/],
  ["answers with what is no number", { ...good, isSound: false }, "self_test_failed", /none/],
  ["takes too much memory", { ...good, memoryBytes: 201 * 1_048_576 }, "too_large", /201 MB.*200 MB/],
  ["was stopped for its memory", { kind: "too_large", memoryBytes: 300 * 1_048_576 }, "too_large", /300 MB/],
  [
    "takes three times as long",
    { ...good, speeds: [{ candidateMs: 30, activeMs: 10, slowdown: 2 }] },
    "too_slow",
    /3\.0 times/,
  ],
  ["crashes", { kind: "crashed", how: "SIGSEGV" }, "self_test_crashed", /SIGSEGV/],
  ["hangs", { kind: "late" }, "too_slow", /60 s/],
  [
    "cannot be opened",
    { kind: "refused", cause: "self_test_failed", detail: "no" },
    "self_test_failed",
    /no/,
  ],
  ["has no golden images", { kind: "refused", cause: "corrupted", detail: "x" }, "corrupted", /x/],
])("a release that %s is refused", (_, end, cause, detail) => {
  expect(judgeSelfTest(end, limits)).toEqual({ held: false, cause, detail: expect.stringMatching(detail) });
});

test("a model that noise makes look like the other is found out by what is typical", () => {
  const noisy = { candidateMs: 80, activeMs: 78, slowdown: 2.9 };
  expect(judgeSelfTest({ ...good, speeds: [noisy, noisy] }, limits)).toMatchObject({ cause: "too_slow" });
});

test("of several measurements the best counts, and without an active one none is asked for", () => {
  const noisy = [
    { candidateMs: 40, activeMs: 10, slowdown: 1 },
    { candidateMs: 14, activeMs: 10, slowdown: 1.4 },
  ];
  expect(judgeSelfTest({ ...good, speeds: noisy }, limits)).toMatchObject({ held: true });
  expect(
    judgeSelfTest({ ...good, speeds: [{ candidateMs: 900, activeMs: null, slowdown: null }] }, limits),
  ).toMatchObject({
    held: true,
  });
  expect(judgeSelfTest({ ...good, speeds: [] }, limits)).toMatchObject({ held: true, p95Ms: undefined });
});

test("a reason is never longer than a report takes", () => {
  const verdict = judgeSelfTest({ kind: "crashed", how: "x".repeat(1_000) }, limits);
  expect(verdict).toMatchObject({ detail: expect.stringMatching(/^.{300}$/) });
});
