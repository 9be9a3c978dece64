import type { Batching, QueuePolicy } from "./batching.ts";

/** How long one run may take, in milliseconds; Infinity where nobody set a bound. */
export type Limits = {
  /** Until it starts. */
  readonly timeoutMs: number;
  /** Until its answer is there. */
  readonly deadlineMs: number;
  /** A run whose timeout is over stays, behind all that have time, instead of being refused. */
  readonly delays: boolean;
};

export type AskedLimits = { readonly timeoutMs?: number; readonly deadlineMs?: number };

export function levelsOf({ priorityLevels }: Batching): number {
  return Math.max(1, priorityLevels);
}

/** A priority that the model doesn't have counts as none said. */
export function levelOf(batching: Batching, priority = 0): number {
  const levels = levelsOf(batching);
  const known = Number.isInteger(priority) && priority >= 1 && priority <= levels;
  return known ? priority : Math.min(Math.max(1, batching.defaultPriorityLevel), levels);
}

export function policyOf(
  { defaultQueuePolicy, priorityQueuePolicies }: Batching,
  level: number,
): QueuePolicy {
  return priorityQueuePolicies[level] ?? defaultQueuePolicy;
}

/** A caller may shorten the policy's timeout, never lengthen it; 0 says nothing, as in the protocol. */
export function limitsOf(policy: QueuePolicy, { timeoutMs = 0, deadlineMs }: AskedLimits): Limits {
  const asked = policy.allowTimeoutOverride ? timeoutMs : 0;
  return {
    timeoutMs: Math.min(unlessNothing(policy.defaultTimeoutMs), unlessNothing(asked)),
    deadlineMs: deadlineMs === undefined || Number.isNaN(deadlineMs) ? Number.POSITIVE_INFINITY : deadlineMs,
    delays: policy.timeoutAction === "delay",
  };
}

function unlessNothing(ms: number): number {
  return ms > 0 ? ms : Number.POSITIVE_INFINITY;
}
