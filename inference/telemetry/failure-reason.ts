import type { FailureReason } from "#inference/statistics.ts";
import type { ErrorCode } from "#infra/runtime/errors.ts";

const reasons: Readonly<Partial<Record<ErrorCode, FailureReason>>> = {
  backend_full: "REJECTED",
  queue_timeout: "REJECTED",
  overloaded: "REJECTED",
  deadline_exceeded: "REJECTED",
  caller_left: "CANCELED",
  internal: "BACKEND",
  backend_failed: "BACKEND",
  backend_unreachable: "BACKEND",
  backend_answer_invalid: "BACKEND",
};

/** Which of Triton's four reasons an error counts as; a caller's own mistake is the last of them. */
export function failureReason(code: ErrorCode): FailureReason {
  return reasons[code] ?? "OTHER";
}
