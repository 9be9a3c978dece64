import { type TraceContext, traceHeaders } from "#infra/runtime/trace-context.ts";

/** What a backend needs to read a request; who the caller is, and how its connection is kept, is not its affair. */
const requestHeaders = [
  "content-type",
  "content-encoding",
  "accept-encoding",
  "inference-header-content-length",
] as const;

/** What a client needs to read an answer. */
const answerHeaders = [
  "content-type",
  "content-encoding",
  "inference-header-content-length",
  "retry-after",
] as const;

/** Triton hands such headers to its models as parameters. */
const tritonPrefix = "triton-";

const mostTritonHeaders = 32;

/** With our place in the caller's trace, where there is one. */
export function headersForBackend(
  given: Readonly<Record<string, string>>,
  trace?: TraceContext,
): Record<string, string> {
  const kept = Object.keys(given).filter((name) => name.startsWith(tritonPrefix));
  const passed = picked(given, [...requestHeaders, ...kept.slice(0, mostTritonHeaders)]);
  return trace ? { ...passed, ...traceHeaders(trace) } : passed;
}

export function headersForCaller(
  given: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return picked(given, answerHeaders);
}

function picked(
  given: Readonly<Record<string, string | string[] | undefined>>,
  names: readonly string[],
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = given[name];
    if (typeof value === "string") kept[name] = value;
  }
  return kept;
}
