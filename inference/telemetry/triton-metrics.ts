import { Counter, Gauge } from "prom-client";
import { executionsOf, failureReasons, type Statistics, type Tally } from "#inference/statistics.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";

export type TritonMetricsOptions = {
  readonly metrics: Metrics;
  readonly statistics: Statistics;
  /** How many requests wait at a model now. */
  readonly pendingOf: (tally: Tally) => number;
};

/** The statistics read once more, as metrics: nothing is written for them while requests are answered. */
export function exposeStatistics({ metrics, statistics, pendingOf }: TritonMetricsOptions): void {
  for (const [name, help, value] of readings) exposeReading({ metrics, statistics, name, help, value });
  exposeFailures(metrics, statistics);
  new Gauge({
    name: "nv_inference_pending_request_count",
    help: "Requests that wait to be computed",
    labelNames: ["model", "version"],
    registers: [metrics],
    collect() {
      this.reset();
      for (const tally of statistics.tallies()) this.set(labelsOf(tally), pendingOf(tally));
    },
  });
}

type Reading = readonly [name: string, help: string, value: (tally: Tally) => number];

const micro = (ns: number): number => Math.floor(ns / 1000);

/** Names, labels and units are Triton's, so that its dashboards show this server too. */
const readings: readonly Reading[] = [
  ["nv_inference_request_success", "Requests answered", ({ success }) => success.count],
  ["nv_inference_count", "Batch items computed", ({ inferenceCount }) => inferenceCount],
  ["nv_inference_exec_count", "Runs of the model, each of one batch", executionsOf],
  [
    "nv_inference_request_duration_us",
    "Microseconds that answered requests took",
    ({ success }) => micro(success.ns),
  ],
  ["nv_inference_queue_duration_us", "Microseconds of them spent waiting", ({ queue }) => micro(queue.ns)],
  [
    "nv_inference_compute_input_duration_us",
    "Microseconds of them spent on making input tensors",
    ({ computeInput }) => micro(computeInput.ns),
  ],
  [
    "nv_inference_compute_infer_duration_us",
    "Microseconds of them spent in runs of the model",
    ({ computeInfer }) => micro(computeInfer.ns),
  ],
  [
    "nv_inference_compute_output_duration_us",
    "Microseconds of them spent on reading output tensors",
    ({ computeOutput }) => micro(computeOutput.ns),
  ],
];

type ExposedReading = {
  readonly metrics: Metrics;
  readonly statistics: Statistics;
  readonly name: string;
  readonly help: string;
  readonly value: (tally: Tally) => number;
};

function exposeReading({ metrics, statistics, name, help, value }: ExposedReading): void {
  new Counter({
    name,
    help,
    labelNames: ["model", "version"],
    registers: [metrics],
    collect() {
      this.reset();
      for (const tally of statistics.tallies()) this.inc(labelsOf(tally), value(tally));
    },
  });
}

function exposeFailures(metrics: Metrics, statistics: Statistics): void {
  new Counter({
    name: "nv_inference_request_failure",
    help: "Requests that failed, by whose doing",
    labelNames: ["model", "reason", "version"],
    registers: [metrics],
    collect() {
      this.reset();
      for (const tally of statistics.tallies()) {
        for (const reason of failureReasons) {
          this.inc({ ...labelsOf(tally), reason }, tally.failures[reason]);
        }
      }
    },
  });
}

function labelsOf({ model, version }: Tally): { readonly model: string; readonly version: string } {
  return { model, version };
}
