import { type ErrorDetails, TradewindError } from "#infra/runtime/errors.ts";
import type { Admission } from "#infra/runtime/soft-state/soft-state.ts";
import type { AdmissionPlan } from "./admission-plan.ts";
import type { RateHeaders } from "./rate-headers.ts";

export type Refusal = NonNullable<Admission["refusal"]>;

/** What the caller is told who was not let in, and when to come again. */
export function refusalOf(plan: AdmissionPlan, refusal: Refusal, headers: RateHeaders): TradewindError {
  const { by, index, retryMs } = refusal;
  if (by === "places") {
    const why = `${plan.places[index]?.most} requests are under way, and that is as many as may be`;
    return new TradewindError("concurrency_limited", why, { retryAfterMs: 1_000, headers });
  }
  const details = { headers, ...(Number.isFinite(retryMs) && { retryAfterMs: retryMs }) };
  return by === "budgets" ? exhausted(plan, index, details) : limited(plan, index, details);
}

function limited({ names, rates }: AdmissionPlan, index: number, details: ErrorDetails): TradewindError {
  const [name, rate] = [names[index], rates[index]];
  const every = `${rate?.most} in ${(rate?.periodMs ?? 0) / 1000} s`;
  const why =
    details.retryAfterMs === undefined
      ? `more images at once than the limit "${name}" of ${every} ever lets in`
      : `the limit "${name}" of ${every} is reached`;
  return new TradewindError("rate_limited", why, details);
}

/** Images come before money in the list of budgets, where both are bounded. */
function exhausted({ monthly }: AdmissionPlan, index: number, details: ErrorDetails): TradewindError {
  if (monthly.images !== undefined && index === 0) {
    const why = `the ${monthly.images} images of this month are used up`;
    return new TradewindError("quota_exhausted", why, details);
  }
  const usd = (monthly.nanoUsd ?? 0) / 1e9;
  return new TradewindError(
    "budget_exhausted",
    `the ${usd} dollars of this month are spent or reserved`,
    details,
  );
}
