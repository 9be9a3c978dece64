import type { AdmitOperation } from "#infra/runtime/soft-state/soft-state.ts";
import { fitRate } from "./fit-rate.ts";

/**
 * What one of several gateways may let in by itself, so that all of them together let in no more than the limit. Of a
 * month's budget it is a part of what was left at the last look.
 */
export function shareOf(operation: AdmitOperation, gateways: number): AdmitOperation {
  const part = (whole: number, least: number): number => Math.max(least, Math.floor(whole / gateways));
  const { places } = operation;
  return {
    ...operation,
    rates: operation.rates.map((rate) =>
      fitRate({
        ...rate,
        // Slower rather than fewer, so that the smallest limit is still more than nothing.
        periodMs: rate.periodMs * gateways,
        burst: part(rate.burst, Math.max(1, Math.min(rate.burst, rate.cost))),
      }),
    ),
    ...(places ? { places: places.map((bound) => ({ ...bound, most: part(bound.most, 1) })) } : {}),
    budgets: operation.budgets.map((budget) => ({
      ...budget,
      most: budget.seed + part(Math.max(0, budget.most - budget.seed), 0),
    })),
  };
}
