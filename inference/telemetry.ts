import { Counter, Histogram } from "prom-client";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { latencyBuckets, type Metrics } from "#infra/runtime/metrics.ts";
import type { BackendTimings, ImageAnswer } from "./contract.ts";

/** Counts what happened to requests and images; it never throws, since an answer is worth more than its count. */
export type Telemetry = {
  readonly answered: (model: string, answers: readonly ImageAnswer[]) => void;
  /** `code` is of the error catalogue. */
  readonly failed: (model: string, code: string) => void;
};

export function createTelemetry(metrics: Metrics): Telemetry {
  const requests = new Counter({
    name: "tradewind_backend_requests_total",
    help: "Infer requests by their outcome",
    labelNames: ["model", "code"],
    registers: [metrics],
  });
  const seconds = new Histogram({
    name: "tradewind_backend_image_seconds",
    help: "Time that an image spent in each part of the backend",
    labelNames: ["model", "part"],
    buckets: latencyBuckets,
    registers: [metrics],
  });
  const observe = (model: string, timings: BackendTimings): void => {
    for (const [part, ms] of Object.entries(timings)) seconds.observe({ model, part }, ms / 1000);
  };
  return {
    answered: (model, answers) =>
      harmlessly(() => {
        requests.inc({ model, code: "ok" });
        for (const { timings } of answers) observe(model, timings);
      }),
    failed: (model, code) => harmlessly(() => requests.inc({ model, code })),
  };
}

function harmlessly(record: () => void): void {
  try {
    record();
  } catch (error) {
    sideConcernSkipped.publish({ what: "backend metrics", error });
  }
}
