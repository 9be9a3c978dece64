import { expect, test } from "vitest";
import { bothTotals, exitCodeOf, readTotals, totalsLine } from "#test/support/test-totals.ts";

const report = (changes: object): string =>
  JSON.stringify({
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
    ...changes,
  });

test("ends with the counts, and says what was skipped only where something was", () => {
  expect(totalsLine(readTotals(report({})))).toBe("3 passed, 0 failed");
  expect(totalsLine(readTotals(report({ numPendingTests: 1, numTodoTests: 1 })))).toBe(
    "3 passed, 0 failed, 2 skipped",
  );
});

test("counts a test file that could not be loaded as a failure", () => {
  const unloaded = [{ status: "failed", assertionResults: [] }];
  expect(readTotals(report({ testResults: unloaded })).failed).toBe(1);
});

test("counts a failed test once, not its file again", () => {
  const failed = [{ status: "failed", assertionResults: [{ status: "failed" }] }];
  expect(readTotals(report({ numFailedTests: 1, testResults: failed })).failed).toBe(1);
});

test("counts a runner that left no report, or half of one, as a failure", () => {
  expect(readTotals(undefined).failed).toBe(1);
  expect(readTotals('{"numPassedTests": 3').failed).toBe(1);
});

test("fails a run for its exit code, for a failed test, and for having no test at all", () => {
  const totals = { passed: 3, failed: 0, skipped: 0 };
  expect(exitCodeOf({ code: 0, totals })).toBe(0);
  expect(exitCodeOf({ code: 130, totals })).toBe(130);
  expect(exitCodeOf({ code: 0, totals: { ...totals, failed: 1 } })).toBe(1);
  expect(exitCodeOf({ code: 0, totals: { passed: 0, failed: 0, skipped: 3 } })).toBe(1);
});

test("two runs are counted as one", () => {
  const [one, other] = [
    { passed: 3, failed: 1, skipped: 0 },
    { passed: 2, failed: 0, skipped: 4 },
  ];
  expect(totalsLine(bothTotals(one, other))).toBe("5 passed, 1 failed, 4 skipped");
});
