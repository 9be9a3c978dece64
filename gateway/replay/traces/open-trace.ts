import { TradewindError } from "#infra/runtime/errors.ts";
import { readLines } from "./read-lines.ts";
import { readTrace, type Trace, type TraceOptions } from "./read-trace.ts";

/** Reads a trace from a file as it streams by; one whose name ends in `.gz` is unpacked on the way. */
export async function openTrace(
  path: string,
  { signal, ...options }: TraceOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<Trace> {
  try {
    return await readTrace(readLines(path, { signal }), options);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TradewindError) throw named(error, path);
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new TradewindError("config_invalid", `cannot read the trace ${path} (${error.code})`, {
      cause: error,
    });
  }
}

function named(error: TradewindError, path: string): TradewindError {
  const details = { cause: error, ...(error.hint !== undefined && { hint: error.hint }) };
  return new TradewindError(error.code, `${path}: ${error.message}`, details);
}
