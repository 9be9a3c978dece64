import { Counter, Gauge } from "prom-client";
import { createMetrics, type Metrics } from "#infra/runtime/metrics.ts";

/** What the process that keeps the workers running adds to their sum. */
export type PrimaryMetrics = {
  readonly registry: Metrics;
  readonly countRestart: () => void;
  readonly setInSum: (workers: number) => void;
};

export function openPrimaryMetrics(workers: number): PrimaryMetrics {
  const registry = createMetrics({ processLabels: { worker: "primary" } });
  const registers = [registry];
  new Gauge({ name: "tradewind_workers", help: "Processes that the port is meant to have", registers }).set(
    workers,
  );
  const inSum = new Gauge({
    name: "tradewind_workers_in_sum",
    help: "Workers that told their part of these metrics in time; of the others only what they had counted before is in",
    registers,
  });
  const restarts = new Counter({
    name: "tradewind_worker_restarts_total",
    help: "Workers that ended without being told to",
    registers,
  });
  return {
    registry,
    countRestart: () => restarts.inc(),
    setInSum: (told) => inSum.set(told),
  };
}
