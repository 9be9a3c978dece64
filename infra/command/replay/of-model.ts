import type { Arrivals } from "#gateway/replay/traces/arrivals.ts";
import type { Trace } from "#gateway/replay/traces/read-trace.ts";

/** Those requests of a trace that asked for a model, where the trace says so and knows the model; all otherwise. */
export function ofModel(
  trace: Trace,
  model: string,
): { readonly trace: Trace; readonly assumed: readonly string[] } {
  const { models } = trace.arrivals;
  const wanted = models?.names.indexOf(model) ?? -1;
  if (!models) return { trace, assumed: [] };
  if (wanted < 0) return { trace, assumed: [`all of the trace's models count as ${model}`] };
  const those = Uint32Array.from(models.of.keys()).filter((index) => models.of[index] === wanted);
  if (those.length === trace.arrivals.count) return { trace, assumed: [] };
  const left = trace.arrivals.count - those.length;
  return { trace: pickRows(trace, those), assumed: [`${left} requests for other models left out`] };
}

function pickRows(trace: Trace, rows: Uint32Array): Trace {
  const of = (column: Float64Array) => Float64Array.from(rows, (row) => column[row] ?? 0);
  const atMs = of(trace.arrivals.atMs);
  const arrivals: Arrivals = { count: rows.length, atMs, bytes: of(trace.arrivals.bytes) };
  const { observedMs, statuses } = trace;
  return {
    ...trace,
    arrivals,
    observedMs: observedMs && of(observedMs),
    statuses: statuses && of(statuses),
  };
}
