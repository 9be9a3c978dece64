import type { Admission } from "#infra/runtime/soft-state/soft-state.ts";
import type { AdmissionPlan } from "./admission-plan.ts";

export type RateHeaders = Readonly<Record<string, string>>;

/** What is allowed, and what is left of it now: the newest draft of the RateLimit fields. */
export function rateHeaders(
  { policy, names }: Pick<AdmissionPlan, "policy" | "names">,
  rates: Admission["rates"] = [],
): RateHeaders {
  if (policy === undefined) return {};
  if (rates.length === 0) return { "ratelimit-policy": policy };
  const left = rates.map(
    ({ remaining, resetMs }, place) => `"${names[place]}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  );
  return { "ratelimit-policy": policy, ratelimit: left.join(", ") };
}
