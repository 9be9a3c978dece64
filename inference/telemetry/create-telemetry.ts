import type { Cost } from "#inference/face.ts";
import type { ModelKey, Statistics } from "#inference/statistics.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import { failureReason } from "./failure-reason.ts";
import { countRequests } from "./request-counts.ts";
import { openHistograms, type RequestHistograms } from "./request-histograms.ts";
import { exposeStatistics } from "./triton-metrics.ts";
import { exposeModels, type WatchedModel } from "./watched-models.ts";

/** What happened to requests and workers, told once and counted everywhere; it never throws, since an answer is worth more than its count. */
export type Telemetry = {
  /** Counts a model until disposed. A model that is replaced under the same name and version goes on counting. */
  readonly register: (model: WatchedModel) => Disposable;
  readonly succeeded: (request: SucceededRequest) => void;
  readonly failed: (request: FailedRequest) => void;
  readonly workerReplaced: (worker: ModelKey & { readonly why: WorkerEnd }) => void;
};

export type SucceededRequest = ModelKey & { readonly cost: Cost; readonly totalMs: number };

/** A request for a model that does not exist has neither model nor version. */
export type FailedRequest = Partial<ModelKey> & { readonly code: ErrorCode; readonly totalMs: number };

/** A worker died of itself, or was replaced because the process had grown. */
export type WorkerEnd = "died" | "recycled";

export type TelemetryOptions = { readonly metrics: Metrics; readonly statistics: Statistics };

export function createTelemetry({ metrics, statistics }: TelemetryOptions): Telemetry {
  const histograms = openHistograms(metrics);
  const bound = new Map<string, RequestHistograms>();
  const watched = exposeModels(metrics);
  const requests = countRequests(metrics);
  exposeStatistics({ metrics, statistics, pendingOf: watched.pendingOf });
  return {
    register: (model) => {
      if (!bound.has(model.model)) bound.set(model.model, histograms.bind(model));
      const stack = new DisposableStack();
      // Undone last, when it is known whether another version of the model stays.
      stack.defer(() => {
        if (watched.knows(model.model)) return;
        bound.delete(model.model);
        histograms.forget(model.model);
        requests.forget(model.model);
      });
      stack.use(watched.register(model));
      stack.use(statistics.register(model));
      return stack;
    },
    succeeded: (request) =>
      harmlessly(() => {
        statistics.succeeded(request);
        const observe = bound.get(request.model);
        if (!observe) return;
        requests.count(request.model, "ok");
        observe.succeeded(request.cost, request.totalMs);
      }),
    failed: ({ model = "", version = "", code, totalMs }) =>
      harmlessly(() => {
        statistics.failed({ model, version, reason: failureReason(code), totalMs });
        const observe = bound.get(model);
        requests.count(observe ? model : "", code);
        observe?.failed(totalMs);
      }),
    workerReplaced: ({ model, version, why }) => harmlessly(() => watched.replaced({ model, version }, why)),
  };
}

function harmlessly(record: () => void): void {
  try {
    record();
  } catch (error) {
    sideConcernSkipped.publish({ what: "backend metrics", error });
  }
}
