import type { FailureCause } from "#infra/runtime/devices/words.ts";
import { asTradewindError, type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import type { Failure } from "./plan-sync.ts";

/** What a gateway counts a failed update as. */
export function failureOf(error: unknown, release: number): Failure {
  const { code, message } = asTradewindError(error);
  return { cause: causes[code] ?? "download_failed", release, detail: message.slice(0, 300) };
}

const causes: { readonly [code in ErrorCode]?: FailureCause } = {
  disk_full: "disk_full",
  folder_unusable: "disk_full",
  repository_refused: "corrupted",
  repository_expired: "metadata_expired",
  self_test_failed: "self_test_failed",
  model_unusable: "self_test_failed",
};

/** One line that says why updates rest. */
export function troubleOf(error: unknown): string {
  const { code, message } = asTradewindError(error);
  return `${code}: ${message}`.slice(0, 300);
}

/** Whoever takes part in a sync stops it by its signal, and that is nobody's failure. */
export function isStopped(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (error instanceof TradewindError && error.code === "draining");
}
