import type { Batching } from "./batching.ts";
import type { Limits } from "./queue-policy.ts";

/** What a batch is planned by, of one waiting run. */
export type Candidate = {
  /** Its share of a batch: the first dimension of its tensors. */
  readonly items: number;
  /** Runs of one key can be computed together; undefined joins no other. */
  readonly batchKey: string | undefined;
  /** When it stops waiting for company. */
  readonly leaveBy: number;
};

export type BatchSizes = {
  readonly max: number;
  /** In order, none above the maximum, and never empty. */
  readonly preferred: readonly number[];
  /** The largest preferred. */
  readonly largest: number;
  /** The size of a batch when many wait. */
  readonly usual: number;
  /** Does a run wait for company at all? */
  readonly waits: boolean;
};

/** Either so many of the first runs leave now; or none until then, or until so many items of this key wait. */
export type Plan = { readonly kind: "leave"; readonly runs: number } | WaitPlan;
export type WaitPlan = {
  readonly kind: "wait";
  readonly until: number;
  readonly items: number;
  readonly batchKey: string | undefined;
};

/** Without preferred sizes the largest batch is the only preferred one. */
export function batchSizes({ maxBatchSize, preferredBatchSizes, maxQueueDelayMs }: Batching): BatchSizes {
  const max = Math.max(1, maxBatchSize);
  const fitting = [...new Set(preferredBatchSizes)].filter((size) => size >= 1 && size <= max);
  const preferred = fitting.length > 0 ? fitting.sort((a, b) => a - b) : [max];
  const largest = preferred.at(-1) ?? max;
  const waits = maxQueueDelayMs > 0;
  return { max, preferred, largest, waits, usual: waits ? max : largest };
}

/** Company is waited for no longer than half of the time that the run has, or the wait itself would cost its answer. */
export function leaveBy({ maxQueueDelayMs }: Batching, since: number, limits: Limits): number {
  return since + Math.min(maxQueueDelayMs, limits.timeoutMs / 2, limits.deadlineMs / 2);
}

/**
 * What should leave of a line in the order of service, which is read only as far as one batch reaches. A preferred size
 * leaves at once, the largest first; what is overdue, or can't grow, leaves as it is.
 */
export function planBatch(line: Iterable<Candidate>, sizes: BatchSizes, now: number): Plan | undefined {
  const { runs, items, batchKey, preferredRuns, leaveBy, closed } = gather(line, sizes);
  if (runs === 0) return undefined;
  const overdue = sizes.waits && now >= leaveBy;
  if (preferredRuns > 0 && !overdue) return { kind: "leave", runs: preferredRuns };
  if (overdue || closed || !sizes.waits) return { kind: "leave", runs };
  const next = sizes.preferred.find((size) => size > items) ?? sizes.max;
  return { kind: "wait", until: leaveBy, items: next, batchKey };
}

type Reach = {
  runs: number;
  items: number;
  batchKey: string | undefined;
  /** The first of them that make the best preferred size; 0 when none is reached. */
  preferredRuns: number;
  leaveBy: number;
  /** Nothing that arrives behind them can join. */
  closed: boolean;
};

/** The longest batch that the line's beginning makes. */
function gather(line: Iterable<Candidate>, sizes: BatchSizes): Reach {
  const reach: Reach = {
    ...{ runs: 0, items: 0, batchKey: undefined, preferredRuns: 0 },
    ...{ leaveBy: Number.POSITIVE_INFINITY, closed: false },
  };
  for (const run of line) {
    if (reach.runs === 0) reach.batchKey = run.batchKey;
    reach.closed ||=
      run.batchKey !== reach.batchKey || (reach.runs > 0 && reach.items + run.items > sizes.max);
    if (reach.closed) break;
    join(reach, run, sizes);
    reach.closed = run.batchKey === undefined || reach.items >= sizes.max;
  }
  return reach;
}

function join(reach: Reach, { items, leaveBy }: Candidate, { preferred, largest }: BatchSizes): void {
  const sum = reach.items + items;
  // Sizes may jump over the largest preferred one: then the nearest below it is the best there will be.
  if (sum > largest && reach.preferredRuns === 0) reach.preferredRuns = Math.max(1, reach.runs);
  reach.runs += 1;
  reach.items = sum;
  reach.leaveBy = Math.min(reach.leaveBy, leaveBy);
  if (preferred.includes(sum)) reach.preferredRuns = reach.runs;
}
