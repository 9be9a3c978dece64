import { Counter } from "prom-client";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { CountedIn } from "./admission/admission.ts";

/** Counts where requests were counted, so that an operator sees when limits are not shared. */
export function measureAdmissions(metrics: Metrics): (countedIn: CountedIn) => void {
  const counter = new Counter({
    name: "tradewind_admissions_total",
    help: "Requests held against limits, by where they were counted: everywhere, here or nowhere",
    labelNames: ["counted"],
    registers: [metrics],
  });
  const by = {
    everywhere: counter.labels("everywhere"),
    here: counter.labels("here"),
    nowhere: counter.labels("nowhere"),
  };
  return (countedIn) => by[countedIn].inc();
}
