/** How runs of one model wait and are put together; the names are those of Triton's `dynamic_batching`. */
export type Batching = {
  /** 0 or 1: each run alone. */
  readonly maxBatchSize: number;
  /** Sizes at which a batch leaves without waiting for more. */
  readonly preferredBatchSizes: readonly number[];
  /** How long the oldest run may wait for company. */
  readonly maxQueueDelayMs: number;
  /** Levels 1 to this, 1 first; 0 means that there is only one. */
  readonly priorityLevels: number;
  readonly defaultPriorityLevel: number;
  readonly defaultQueuePolicy: QueuePolicy;
  readonly priorityQueuePolicies: Readonly<Record<number, QueuePolicy>>;
};

export type QueuePolicy = {
  /** What happens to a run whose time to wait is over: refused, or served after all that still have time. */
  readonly timeoutAction: "reject" | "delay";
  /** 0: runs may wait for as long as their callers do. */
  readonly defaultTimeoutMs: number;
  /** May a caller's own timeout shorten the default? */
  readonly allowTimeoutOverride: boolean;
  /** Runs that may wait; one more is refused. */
  readonly maxQueueSize: number;
};

/** One run at a time, first come first served: on a CPU putting runs together gains nothing. */
export const noBatching: Batching = {
  maxBatchSize: 0,
  preferredBatchSizes: [],
  maxQueueDelayMs: 0,
  priorityLevels: 0,
  defaultPriorityLevel: 0,
  defaultQueuePolicy: {
    timeoutAction: "reject",
    defaultTimeoutMs: 0,
    allowTimeoutOverride: true,
    maxQueueSize: 64,
  },
  priorityQueuePolicies: {},
};
