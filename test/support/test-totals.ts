import { z } from "zod";

export type Totals = { readonly passed: number; readonly failed: number; readonly skipped: number };

const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
});

/** A runner that ended before its report failed as a whole, which counts as one. */
const crashed: Totals = { passed: 0, failed: 1, skipped: 0 };

/** Counts what vitest's JSON report holds; a file that could not even be loaded counts as one failure. */
export function readTotals(report: string | undefined): Totals {
  const read = Report.safeParse(parsed(report));
  if (!read.success) return crashed;
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = read.data;
  const unloaded = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed"),
  );
  return {
    passed: numPassedTests,
    failed: numFailedTests + unloaded.length,
    skipped: numPendingTests + numTodoTests,
  };
}

/** Two runs as one: a failure of either is one of both. */
export function bothTotals(one: Totals, other: Totals): Totals {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

/** `N passed, N failed`, and what was skipped where anything was. */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** A run is good only when every question says so: the counts, the exit code (coverage, stray errors), and that there was a test. */
export function exitCodeOf({ code, totals }: { readonly code: number; readonly totals: Totals }): number {
  if (code !== 0) return code;
  return totals.failed === 0 && totals.passed > 0 ? 0 : 1;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
