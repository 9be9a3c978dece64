import { collectDefaultMetrics, Registry } from "prom-client";

export type Metrics = Registry;

/** Seconds, fine where a memory hit lives and coarse where a cold start does. */
export const latencyBuckets: number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** One registry a process, handed down; the library's global one would leak between tests. */
export function createMetrics({
  processMetrics = true,
  processLabels = {},
}: {
  readonly processMetrics?: boolean;
  /** What tells this process's own memory and time from its neighbours'. */
  readonly processLabels?: Readonly<Record<string, string>>;
} = {}): Metrics {
  const registry = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: registry, labels: processLabels });
  return registry;
}
