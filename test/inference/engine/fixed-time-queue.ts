import { type Batching, noBatching, type QueuePolicy } from "#inference/engine/batching.ts";
import type { RunAnswer } from "#inference/engine/engine.ts";
import { createRunQueue, type Job, type QueuedRunOptions } from "#inference/engine/run-queue.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

type Knobs = Omit<Partial<Batching>, "defaultQueuePolicy"> & { readonly policy?: Partial<QueuePolicy> };

/** A queue on a clock that stands still; runs are known by the number in their one tensor. */
export function openQueue({ policy = {}, ...knobs }: Knobs = {}, workers = 1) {
  const clock = createFakeClock();
  const defaultQueuePolicy = { ...noBatching.defaultQueuePolicy, ...policy };
  const queue = createRunQueue({
    clock,
    batching: { ...noBatching, ...knobs, defaultQueuePolicy },
    workers: () => workers,
  });
  const { signal } = new AbortController();
  const outcomes = new Map<number, string>();
  const add = (name: number, options: Partial<QueuedRunOptions> = {}): void => {
    const inputs = { name: { datatype: "INT32" as const, shape: [1], data: Int32Array.of(name) } };
    queue.add(inputs, { signal, items: 1, batchKey: "same", ...options }).then(
      ({ batch }) => outcomes.set(name, `answer ${batch}`),
      (error: TradewindError) => outcomes.set(name, `${error.code}: ${error.message}`),
    );
  };
  return { clock, queue, add, outcomes, signal };
}

export const nameOf = ({ inputs }: Job): number => Number(inputs.name?.data[0]);
export const names = (jobs: readonly Job[]): number[] => jobs.map(nameOf);
export const answer = (batch: number): RunAnswer => ({
  outputs: {},
  queueMs: 0,
  inferenceMs: 0,
  batch,
  spent: {},
});

/** Lets promises that are kept tell so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}
