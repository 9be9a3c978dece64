import { TradewindError } from "#infra/runtime/errors.ts";
import type { Admission } from "#infra/runtime/soft-state/soft-state.ts";
import type { AdmissionPlan } from "./admission-plan.ts";

type Refusal = NonNullable<Admission["refusal"]>;

/** What the caller is told who was not let in, and when to come again. */
export function refusalOf(plan: AdmissionPlan, { by, index, retryMs }: Refusal): TradewindError {
  const retryAfterMs = Number.isFinite(retryMs) ? retryMs : undefined;
  if (by === "places") {
    const most = plan.places?.most;
    return new TradewindError(
      "concurrency_limited",
      `${most} requests are under way, and that is as many as may be`,
      {
        retryAfterMs: 1_000,
      },
    );
  }
  if (by === "budgets") return exhausted(plan, index, retryAfterMs);
  const [name, rate] = [plan.names[index], plan.rates[index]];
  const every = `${rate?.most} in ${(rate?.periodMs ?? 0) / 1000} s`;
  if (retryAfterMs === undefined)
    return new TradewindError(
      "rate_limited",
      `more images at once than the limit "${name}" of ${every} ever lets in`,
    );
  return new TradewindError("rate_limited", `the limit "${name}" of ${every} is reached`, { retryAfterMs });
}

/** Images come before money in the list of budgets, where both are bounded. */
function exhausted({ monthly }: AdmissionPlan, index: number, retryMs: number | undefined): TradewindError {
  const after = retryMs === undefined ? {} : { retryAfterMs: retryMs };
  if (monthly.images !== undefined && index === 0)
    return new TradewindError(
      "quota_exhausted",
      `the ${monthly.images} images of this month are used up`,
      after,
    );
  const usd = (monthly.nanoUsd ?? 0) / 1e9;
  return new TradewindError(
    "budget_exhausted",
    `the ${usd} dollars of this month are spent or reserved`,
    after,
  );
}
