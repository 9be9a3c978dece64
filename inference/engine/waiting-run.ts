import { abandoned } from "#inference/abandoned.ts";
import type { Tensors } from "#inference/contract.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import { type Due, nowhere } from "./due-heap.ts";
import type { RunAnswer } from "./engine.ts";
import type { Limits } from "./queue-policy.ts";
import type { Lined, Place } from "./waiting-lines.ts";

export type WaitingRunOptions = Lined & {
  readonly inputs: Tensors;
  readonly since: number;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Its caller went away. */
  readonly onLeft: (run: WaitingRun) => void;
};

/**
 * One run. It is
 *
 *   WAITING   until it is taken, its caller leaves, or its time is over
 *   LATE      its timeout is over and its policy delays: still waiting, behind those that have time
 *   RUNNING   taken; its caller may still leave, which the worker doesn't notice
 *   SETTLED   answered or refused, for good
 */
export class WaitingRun implements Lined, Due {
  readonly inputs: Tensors;
  readonly items: number;
  readonly batchKey: string | undefined;
  readonly leaveBy: number;
  readonly level: number;
  readonly since: number;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Where it waits; undefined once it doesn't. */
  place: Place<WaitingRun> | undefined;
  /** When its time is over, or, where its policy delays, when it is late. */
  dueAt: number;
  slot = nowhere;
  turn = 0;
  #late = false;
  readonly #answer = Promise.withResolvers<RunAnswer>();
  readonly #leave: () => void;

  constructor({ signal, onLeft, ...run }: WaitingRunOptions) {
    this.inputs = run.inputs;
    this.items = run.items;
    this.batchKey = run.batchKey;
    this.leaveBy = run.leaveBy;
    this.level = run.level;
    this.since = run.since;
    this.limits = run.limits;
    this.dueAt = run.since + Math.min(run.limits.timeoutMs, run.limits.deadlineMs);
    this.signal = signal;
    this.#leave = () => {
      this.reject(abandoned(signal));
      onLeft(this);
    };
    signal.addEventListener("abort", this.#leave, { once: true });
  }

  get answer(): Promise<RunAnswer> {
    return this.#answer.promise;
  }

  /** False when its time is over for good; otherwise it is late from now on, and only its deadline ends its waiting. */
  becomeLate(): boolean {
    if (this.#late || !this.limits.delays) return false;
    this.#late = true;
    this.dueAt = this.since + this.limits.deadlineMs;
    return true;
  }

  readonly resolve = (answer: RunAnswer): void => {
    this.signal.removeEventListener("abort", this.#leave);
    this.#answer.resolve(answer);
  };

  readonly reject = (error: TradewindError): void => {
    this.signal.removeEventListener("abort", this.#leave);
    this.#answer.reject(error);
  };
}
