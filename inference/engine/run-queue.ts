import { abandoned } from "#inference/abandoned.ts";
import type { Tensors } from "#inference/contract.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Batching, QueuePolicy } from "./batching.ts";
import type { RunAnswer, RunOptions } from "./engine.ts";
import { createForecaster, type Ended, type Forecaster } from "./forecaster.ts";
import { batchSizes, leaveBy } from "./plan-batch.ts";
import { type Limits, levelOf, levelsOf, limitsOf, policyOf } from "./queue-policy.ts";
import { type Newcomer, refusal } from "./shed.ts";
import { WaitingRoom } from "./waiting-room.ts";
import { WaitingRun } from "./waiting-run.ts";

/** One run that was taken out of the queue. Whoever took it settles it, also when its caller left meanwhile. */
export type Job = {
  readonly inputs: Tensors;
  readonly items: number;
  readonly queueMs: number;
  /** Aborts when its caller leaves. */
  readonly signal: AbortSignal;
  readonly resolve: (answer: RunAnswer) => void;
  readonly reject: (error: TradewindError) => void;
};

export type QueuedRunOptions = RunOptions & {
  /** Its share of a batch: the first dimension of its tensors. */
  readonly items: number;
  /** The same for runs whose tensors can be put together; undefined is always run alone. */
  readonly batchKey: string | undefined;
  /** From now until the answer must be there. */
  readonly deadlineMs?: number;
};

/** Runs of one model that wait for a worker, and what decides which leave together and which never enter. */
export type RunQueue = {
  /** Runs that wait. */
  readonly length: number;
  /** Batch items that wait. */
  readonly items: number;
  /** Refuses at once when the queue is full, and when the run would not be served in its time. */
  readonly add: (inputs: Tensors, options: QueuedRunOptions) => Promise<RunAnswer>;
  /** Runs that should be computed together now, the first served first; none when nothing is due. */
  readonly take: () => readonly Job[];
  /** When `take` gives something although nothing more arrives, as `clock.elapsed()`; undefined when nothing waits. */
  readonly nextDue: () => number | undefined;
  /** Tells that a worker began with so many items; what it returns, that it ended. */
  readonly started: (items: number) => (ended: Ended) => void;
  /** Teaches what a run costs that did not come from here, as one that warms up. */
  readonly learn: (items: number, ms: number) => void;
  /** How long a run that came now would wait; undefined while nothing is known of what runs cost. */
  readonly estimateWaitMs: (priority?: number) => number | undefined;
  /** Refuses all that wait. What comes later is queued again. */
  readonly rejectAll: (error: TradewindError) => void;
};

export type RunQueueOptions = {
  readonly clock: Clock;
  readonly batching: Batching;
  /** Workers that are alive, busy or not. */
  readonly workers: () => number;
};

export function createRunQueue({ clock, batching, workers }: RunQueueOptions): RunQueue {
  const sizes = batchSizes(batching);
  const room = new WaitingRoom({ clock, sizes, levels: levelsOf(batching) });
  const forecaster = createForecaster({ clock, workers, batchSize: sizes.usual });

  const add: RunQueue["add"] = async (inputs, options) => {
    const { signal, items, priority } = options;
    if (signal.aborted) throw abandoned(signal);
    room.expire();
    const level = levelOf(batching, priority);
    const policy = policyOf(batching, level);
    const limits = limitsOf(policy, options);
    const batchKey = sizes.max > 1 ? options.batchKey : undefined;
    refuseWhenFull(room, level, policy);
    refuseWhenHopeless(room, forecaster, limits, { level, items, alone: batchKey === undefined });
    const since = clock.elapsed();
    const run = new WaitingRun({
      ...{ inputs, items, batchKey, level, limits, since, signal },
      leaveBy: leaveBy(batching, since, limits),
      onLeft: (left) => room.leave(left),
    });
    room.enter(run);
    return await run.answer;
  };
  return {
    get length() {
      return room.length;
    },
    get items() {
      return room.items;
    },
    add,
    take: () => {
      const plan = room.plan();
      const now = clock.elapsed();
      return plan?.kind === "leave" ? room.takeFirst(plan.runs).map((run) => asJob(run, now)) : [];
    },
    nextDue: () => {
      const plan = room.plan();
      return plan?.kind === "wait" ? plan.until : plan && clock.elapsed();
    },
    started: forecaster.started,
    learn: forecaster.learn,
    estimateWaitMs: (priority) => {
      const ahead = room.ahead(levelOf(batching, priority));
      return forecaster.forecast(ahead, { items: 1, alone: sizes.max === 1 })?.startMs;
    },
    rejectAll: (error) => {
      for (const run of room.takeFirst(room.length)) run.reject(error);
    },
  };
}

function refuseWhenFull(room: WaitingRoom, level: number, { maxQueueSize }: QueuePolicy): void {
  if (maxQueueSize <= 0 || room.lengthOf(level) < maxQueueSize) return;
  throw new TradewindError("backend_full", `${room.length} runs of this model are waiting already`);
}

/** A worker without work takes any run: nothing else would correct an estimate that grew too high. */
function refuseWhenHopeless(
  room: WaitingRoom,
  forecaster: Forecaster,
  limits: Limits,
  { level, ...newcomer }: Newcomer & { readonly level: number },
): void {
  if (Math.min(limits.timeoutMs, limits.deadlineMs) === Number.POSITIVE_INFINITY) return;
  if (forecaster.idle) return;
  const forecast = forecaster.forecast(room.ahead(level), newcomer);
  const refused = forecast && refusal(forecast, limits);
  if (refused) throw refused;
}

function asJob({ inputs, items, since, signal, resolve, reject }: WaitingRun, now: number): Job {
  return { inputs, items, queueMs: now - since, signal, resolve, reject };
}
