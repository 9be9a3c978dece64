import type { Clock } from "#infra/runtime/clock.ts";
import type { Cost } from "./face.ts";
import { addTo, type BatchTally, type Duration, shareOut, shown } from "./telemetry/tally.ts";

/** One face of a model at one version. */
export type ModelKey = { readonly model: string; readonly version: string };

/** Why a request failed, in Triton's words. */
export type FailureReason = (typeof failureReasons)[number];
export const failureReasons = ["REJECTED", "CANCELED", "BACKEND", "OTHER"] as const;

export type Success = ModelKey & { readonly cost: Cost; readonly totalMs: number };
export type Failure = ModelKey & { readonly reason: FailureReason; readonly totalMs: number };

/** What has happened to one model since it was registered. Whoever reads it must not write it. */
export type Tally = ModelKey & {
  lastInference: number;
  inferenceCount: number;
  /** Runs of batch sizes that came after the table was full. */
  unlistedRuns: number;
  readonly success: Duration;
  readonly queue: Duration;
  readonly computeInput: Duration;
  readonly computeInfer: Duration;
  readonly computeOutput: Duration;
  readonly fail: Duration;
  readonly failures: Record<FailureReason, number>;
  readonly batches: Map<number, BatchTally>;
};

/** What `GET /v2/models/{model}/stats` answers. */
export type StatisticsAnswer = { readonly model_stats: readonly object[] };

export type Statistics = {
  /** Counts a model until disposed; one that is registered twice is counted until both are. */
  readonly register: (key: ModelKey) => Disposable;
  /** Of a model that is not registered nothing is kept. */
  readonly succeeded: (request: Success) => void;
  readonly failed: (request: Failure) => void;
  /** All models, one model's versions, or one version. */
  readonly read: (which?: { readonly model?: string; readonly version?: string }) => StatisticsAnswer;
  /** By name and version. */
  readonly tallies: () => readonly Tally[];
};

export function createStatistics({ clock }: { readonly clock: Clock }): Statistics {
  const models = new Map<string, Map<string, Registered>>();
  const find = ({ model, version }: ModelKey): Tally | undefined => models.get(model)?.get(version)?.tally;
  const tallies = (): readonly Tally[] =>
    [...models.values()]
      .flatMap((versions) => [...versions.values()])
      .map(({ tally }) => tally)
      .sort(byNameAndVersion);
  return {
    register: (key) => register(models, key),
    succeeded: (request) => {
      const tally = find(request);
      if (tally) countSuccess(tally, request, clock.now());
    },
    failed: (request) => {
      const tally = find(request);
      if (!tally) return;
      addTo(tally.fail, request.totalMs);
      tally.failures[request.reason] += 1;
    },
    read: ({ model, version } = {}) => ({
      model_stats: tallies()
        .filter((tally) => model === undefined || tally.model === model)
        .filter((tally) => version === undefined || tally.version === version)
        .map(describe),
    }),
    tallies,
  };
}

/** Runs so far. While a batch's requests are still being answered, their shares round up to the run they were part of. */
export function executionsOf({ batches, unlistedRuns }: Tally): number {
  let runs = unlistedRuns;
  for (const [size, { items }] of batches) runs += Math.ceil(items / size);
  return runs;
}

type Registered = { readonly tally: Tally; holders: number };

function register(models: Map<string, Map<string, Registered>>, key: ModelKey): Disposable {
  const versions = models.get(key.model) ?? new Map<string, Registered>();
  const registered = versions.get(key.version) ?? { tally: newTally(key), holders: 0 };
  models.set(key.model, versions.set(key.version, registered));
  registered.holders += 1;
  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    registered.holders -= 1;
    if (registered.holders > 0) return;
    versions.delete(key.version);
    if (versions.size === 0) models.delete(key.model);
  };
  return { [Symbol.dispose]: release };
}

function newTally({ model, version }: ModelKey): Tally {
  const none = (): Duration => ({ count: 0, ns: 0 });
  return {
    model,
    version,
    lastInference: 0,
    inferenceCount: 0,
    unlistedRuns: 0,
    success: none(),
    queue: none(),
    computeInput: none(),
    computeInfer: none(),
    computeOutput: none(),
    fail: none(),
    failures: { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 },
    batches: new Map(),
  };
}

function countSuccess(tally: Tally, { cost, totalMs }: Success, now: number): void {
  tally.lastInference = Math.max(tally.lastInference, Math.floor(now));
  tally.inferenceCount += cost.items;
  addTo(tally.success, totalMs);
  addTo(tally.queue, cost.queueMs);
  addTo(tally.computeInput, cost.inputMs);
  addTo(tally.computeInfer, cost.inferMs);
  addTo(tally.computeOutput, cost.outputMs);
  tally.unlistedRuns += shareOut(tally.batches, cost);
}

function byNameAndVersion(a: Tally, b: Tally): number {
  if (a.model !== b.model) return a.model < b.model ? -1 : 1;
  return Number(a.version) - Number(b.version) || (a.version < b.version ? -1 : 1);
}

/** Nothing is answered from a cache here, and a request has one response. */
function describe(tally: Tally): object {
  return {
    name: tally.model,
    version: tally.version,
    last_inference: tally.lastInference,
    inference_count: tally.inferenceCount,
    execution_count: executionsOf(tally),
    inference_stats: {
      success: shown(tally.success),
      fail: shown(tally.fail),
      queue: shown(tally.queue),
      compute_input: shown(tally.computeInput),
      compute_infer: shown(tally.computeInfer),
      compute_output: shown(tally.computeOutput),
      cache_hit: { count: 0, ns: 0 },
      cache_miss: { count: 0, ns: 0 },
    },
    response_stats: {},
    batch_stats: [...tally.batches].sort(([a], [b]) => a - b).map(describeBatch),
    memory_usage: [],
  };
}

function describeBatch([size, batch]: readonly [number, BatchTally]): object {
  const count = Math.ceil(batch.items / size);
  return {
    batch_size: size,
    compute_input: { count, ns: batch.inputNs },
    compute_infer: { count, ns: batch.inferNs },
    compute_output: { count, ns: batch.outputNs },
  };
}
