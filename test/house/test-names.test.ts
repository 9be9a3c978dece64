import { expect, test } from "vitest";
import { sourceFiles } from "#test/support/source-files.ts";
import { bareCode } from "#test/support/source-tokens.ts";
import { nameViolations, testNames } from "#test/support/test-names.ts";

test("gives every test of the suite a name of its own, in the present tense", () => {
  const names = testNames(sourceFiles("test", ".ts"));
  expect(names.length).toBeGreaterThan(50);
  expect(nameViolations(names)).toEqual([]);
});

test("runs every test of the suite, none alone", () => {
  const alone = sourceFiles("test", ".ts").filter(({ text }) =>
    /\b(test|it|describe)\.only\b/.test(bareCode(text)),
  );
  expect(alone.map(({ path }) => path)).toEqual([]);
});

test("finds a name that stands twice, however its test is written", () => {
  const files = [
    { path: "a.test.ts", text: 'test("is warm", f); test.skipIf(cold)("is cold", f); test("is fine", f);' },
    { path: "b.test.ts", text: 'it.each([[1, [2]]])("is warm", f); holds("is cold", f); log("is fine");' },
  ];
  expect(nameViolations(testNames(files))).toEqual([
    '"is warm" stands in a.test.ts and in b.test.ts',
    '"is cold" stands in a.test.ts and in b.test.ts',
  ]);
});

test("finds a name that promises instead of saying", () => {
  const files = [{ path: "a.test.ts", text: 'test("should be warm", f);' }];
  expect(nameViolations(testNames(files))).toEqual([expect.stringContaining("says what should be")]);
});

test("takes names as different that differ only after a placeholder", () => {
  const text = ["test(`takes $", "{a} in`, f); test(`takes $", "{a} out`, f);"].join("");
  expect(nameViolations(testNames([{ path: "a.test.ts", text }]))).toEqual([]);
});
