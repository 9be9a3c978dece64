import type { Cost } from "#inference/face.ts";

/** Whole nanoseconds, as they are answered, so that a sum of many is no sum of rounding errors. */
export type Duration = { count: number; ns: number };

/**
 * What ran at one batch size. Requests that ran together are recorded one by one, so the items are added up whole:
 * `items / size` is the number of runs, without a fraction ever being kept.
 */
export type BatchTally = { items: number; inputNs: number; inferNs: number; outputNs: number };

/** A size is the caller's choice up to the model's largest; beyond so many different ones a table says nothing. */
const mostSizes = 256;

export function addTo(duration: Duration, ms: number): void {
  duration.count += 1;
  duration.ns += nanoseconds(ms);
}

export function shown({ count, ns }: Duration): Duration {
  return { count, ns };
}

/** Adds one request to the runs it was part of; the answer is how many of them are of a size that has no room any more. */
export function shareOut(batches: Map<number, BatchTally>, cost: Cost): number {
  if (!cost.images) return addShare(batches, cost) ? 0 : 1;
  let unlisted = 0;
  for (const { batch = 1, timings } of cost.images) {
    const { preprocess: inputMs, inference: inferMs, postprocess: outputMs } = timings;
    if (!addShare(batches, { items: 1, batch, inputMs, inferMs, outputMs })) unlisted += 1;
  }
  return unlisted;
}

function addShare(batches: Map<number, BatchTally>, cost: Omit<Cost, "queueMs">): boolean {
  const { items } = cost;
  const size = Math.max(1, cost.batch);
  const batch = batches.get(size) ?? newBatch(batches, size);
  if (!batch) return false;
  batch.items += items;
  batch.inputNs += nanoseconds(cost.inputMs);
  // Each of those that share a run reports all of its time.
  batch.inferNs += nanoseconds(cost.inferMs * Math.min(1, items / size));
  batch.outputNs += nanoseconds(cost.outputMs);
  return true;
}

/** Of what no clock measures, which is less than nothing or not a number, nothing is counted. */
export function nanoseconds(ms: number): number {
  return ms > 0 && ms < Number.MAX_SAFE_INTEGER ? Math.round(ms * 1e6) : 0;
}

function newBatch(batches: Map<number, BatchTally>, size: number): BatchTally | undefined {
  if (batches.size >= mostSizes || !Number.isSafeInteger(size)) return undefined;
  const batch = { items: 0, inputNs: 0, inferNs: 0, outputNs: 0 };
  batches.set(size, batch);
  return batch;
}
