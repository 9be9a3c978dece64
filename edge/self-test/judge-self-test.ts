import type { FailureCause } from "#infra/runtime/devices/words.ts";
import type { SelfTestAnswer, SelfTestMeasured } from "./words.ts";

export type SelfTestLimits = {
  /** Parts per million of the golden answers, as the publisher signed it. */
  readonly minAgreement: number;
  readonly memoryBytes: number;
  /** The whole test. */
  readonly timeMs: number;
};

/** What became of the test's process. */
export type SelfTestEnd =
  | SelfTestAnswer
  /** It ended without an answer: of itself, by the system, or for want of memory. */
  | { readonly kind: "crashed"; readonly how: string }
  | { readonly kind: "late" };

export type SelfTestVerdict =
  | {
      readonly held: true;
      /** Parts per million. */
      readonly agreement: number;
      readonly p95Ms: number | undefined;
      readonly memoryBytes: number;
    }
  | { readonly held: false; readonly cause: FailureCause; readonly detail: string };

/** As much longer as what runs now a release may take. */
const mostSlowdown = 1.5;

/** May this release answer here? What was measured in, the verdict out. */
export function judgeSelfTest(end: SelfTestEnd, limits: SelfTestLimits): SelfTestVerdict {
  if (end.kind === "crashed") return failed("self_test_crashed", `the test's process ended with ${end.how}`);
  if (end.kind === "late") return failed("too_slow", `the test took longer than ${limits.timeMs / 1_000} s`);
  if (end.kind === "refused") return failed(end.cause, end.detail);
  if (end.kind === "too_large") return tooLarge(end.memoryBytes, limits);
  return judgeMeasured(end, limits);
}

function judgeMeasured(measured: SelfTestMeasured, limits: SelfTestLimits): SelfTestVerdict {
  const { agreement, isSound, memoryBytes, speeds } = measured;
  if (!isSound) return failed("self_test_failed", "its outputs hold numbers that are none");
  if (agreement < limits.minAgreement) {
    const [met, due] = [percent(agreement), percent(limits.minAgreement)];
    return failed("self_test_failed", `it repeats ${met} of the golden answers here, ${due} are due`);
  }
  if (memoryBytes > limits.memoryBytes) return tooLarge(memoryBytes, limits);
  const slowdown = slowdownOf(speeds);
  if (slowdown > mostSlowdown) {
    return failed("too_slow", `an image takes ${slowdown.toFixed(1)} times as long as with what runs now`);
  }
  return { held: true, agreement, p95Ms: speeds.at(-1)?.candidateMs, memoryBytes };
}

/**
 * Of several measurements the best counts: a busy machine makes any of them worse, and none better. But noise also hides
 * a slow model among slow images, which is why what is typical counts as much as what is slowest.
 */
function slowdownOf(speeds: SelfTestMeasured["speeds"]): number {
  const known = speeds.flatMap(({ candidateMs, activeMs, slowdown }) =>
    activeMs === null || slowdown === null
      ? []
      : [Math.max(slowdown, candidateMs / Math.max(activeMs, shortestMs))],
  );
  return known.length === 0 ? 0 : Math.min(...known);
}

/** Less is not measured well, and too little for anybody to miss. */
export const shortestMs = 1;

function tooLarge(memoryBytes: number, limits: SelfTestLimits): SelfTestVerdict {
  return failed(
    "too_large",
    `it takes ${megabytes(memoryBytes)} of memory, ${megabytes(limits.memoryBytes)} are allowed`,
  );
}

function failed(cause: FailureCause, detail: string): SelfTestVerdict {
  return { held: false, cause, detail: detail.slice(0, 300) };
}

function percent(partsPerMillion: number): string {
  return `${(partsPerMillion / 10_000).toFixed(1)} %`;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)} MB`;
}
