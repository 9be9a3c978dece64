import { quantileOf } from "../outcome.ts";
import type { Trace } from "../traces/read-trace.ts";

/** What a log tells of its own requests, as they really were answered. */
export type Observed = {
  /** Those of which the log says how long they took. */
  readonly timed: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  /** Of those timed, the share that took no longer than the SLO and failed nowhere, as far as the log says. */
  readonly attainment: number;
  /** Those with a status of 500 or more, where the log says one. */
  readonly failed: number | undefined;
};

export function observedIn(
  { observedMs, statuses }: Pick<Trace, "observedMs" | "statuses">,
  sloMs: number,
): Observed | undefined {
  if (!observedMs) return undefined;
  const timed = observedMs.filter((ms) => !Number.isNaN(ms)).sort();
  if (timed.length === 0) return undefined;
  let inTime = 0;
  for (const [index, ms] of observedMs.entries())
    if (ms <= sloMs && !isFailure(statuses?.[index])) inTime += 1;
  return {
    timed: timed.length,
    p50: quantileOf(timed, 0.5),
    p95: quantileOf(timed, 0.95),
    p99: quantileOf(timed, 0.99),
    p999: quantileOf(timed, 0.999),
    attainment: inTime / timed.length,
    failed: statuses?.filter(isFailure).length,
  };
}

function isFailure(status: number | undefined): boolean {
  return status !== undefined && status >= 500;
}
