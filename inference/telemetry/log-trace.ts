import type { Cost } from "#inference/face.ts";
import type { ModelKey } from "#inference/statistics.ts";
import type { Log } from "#infra/runtime/log.ts";
import type { TraceContext } from "#infra/runtime/trace-context.ts";

export type TracedRequest = ModelKey & {
  readonly trace: TraceContext | undefined;
  readonly cost: Cost;
  readonly totalMs: number;
};

/** One request that the trace setting picked, told as a line of the log. */
export function logTrace(log: Log, { model, version, trace, cost, totalMs }: TracedRequest): void {
  const fields = {
    trace_id: trace?.traceId,
    span_id: trace?.spanId,
    parent_span_id: trace?.parentSpanId,
    model,
    version,
    items: cost.items,
    batch: cost.batch,
    queue_ms: cost.queueMs,
    input_ms: cost.inputMs,
    infer_ms: cost.inferMs,
    output_ms: cost.outputMs,
    total_ms: totalMs,
  };
  log.info(fields, "request traced");
}
