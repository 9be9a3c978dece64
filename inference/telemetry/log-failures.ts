import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Log } from "#infra/runtime/log.ts";
import { type InferenceFailedEvent, inferenceFailed } from "./inference-failed.ts";
import { createLineBudget } from "./line-budget.ts";

/** Writes a line for each failure that is not the caller's, with the cause that the caller did not see, until disposed. */
export function logFailures(log: Log, clock: Clock): Disposable {
  const budget = createLineBudget({ clock });
  const stack = new DisposableStack();
  stack.defer(
    inferenceFailed.subscribe((event) => {
      const kept = budget.take(kindOf(event));
      if (kept === undefined) return;
      const fields = { ...fieldsOf(event), ...(kept > 0 ? { kept_back: kept } : {}) };
      if (event.error.kind.blame === "us") log.error(fields, "request failed");
      else log.warn(fields, "request failed");
    }),
  );
  stack.defer(
    sideConcernSkipped.subscribe(({ what, detail, error }) => {
      if (budget.take(`skipped ${what} ${detail ?? ""}`) === undefined) return;
      log.warn({ err: error, detail }, `skipped ${what}`);
    }),
  );
  return stack;
}

function fieldsOf({ error, traceId, spanId, ...event }: InferenceFailedEvent): object {
  const { code, kind } = error;
  return { trace_id: traceId, span_id: spanId, ...event, status: kind.status, code, err: error };
}

/** Lines that differ in a count or an address only are of one kind. */
function kindOf({ model, error }: InferenceFailedEvent): string {
  const { cause } = error;
  const why = cause instanceof Error ? cause.message : "";
  return `${error.code} ${model ?? ""} ${shapeOf(error.message)} ${shapeOf(why)}`;
}

function shapeOf(message: string): string {
  return message.slice(0, 160).replace(/\d+/g, "#");
}
