import { Counter } from "prom-client";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";

export type RequestCounts = {
  readonly count: (model: string, code: ErrorCode | "ok") => void;
  readonly forget: (model: string) => void;
};

/** Requests by model and outcome; the caller makes sure that models are few. */
export function countRequests(metrics: Metrics): RequestCounts {
  const counts = new Map<string, Map<string, number>>();
  new Counter({
    name: "tradewind_backend_requests_total",
    help: "Infer requests by their outcome",
    labelNames: ["model", "code"],
    registers: [metrics],
    collect() {
      this.reset();
      for (const [model, codes] of counts) {
        for (const [code, count] of codes) this.inc({ model, code }, count);
      }
    },
  });
  return {
    count: (model, code) => {
      const codes = counts.get(model) ?? new Map<string, number>();
      counts.set(model, codes.set(code, (codes.get(code) ?? 0) + 1));
    },
    forget: (model) => void counts.delete(model),
  };
}
