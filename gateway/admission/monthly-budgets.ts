import type { Budget } from "#infra/runtime/soft-state/soft-state.ts";
import type { AdmissionPlan } from "./admission-plan.ts";

/** What a tenant has used this month, as far as this gateway knows from the records. */
export type MonthUsed = { readonly images: number; readonly nanoUsd: number };

export type BudgetAsk = {
  readonly images: number;
  /** Images that no cache is asked about: their price is certain. */
  readonly uncached: number;
  /** The most that one image may cost. */
  readonly nanoUsdEach: number;
  readonly used: MonthUsed;
  readonly now: number;
};

/** Whether a budget's key is of the month's money; the other kind counts images. */
export function countsMoney(key: string): boolean {
  return key.endsWith(":nanousd");
}

const day = 86_400_000;

/** What a request reserves of its tenant's month; what it did not use in the end is given back. */
export function monthlyBudgets({ monthly }: AdmissionPlan, ask: BudgetAsk): Budget[] {
  const { images, nanoUsd } = monthly;
  if (images === undefined && nanoUsd === undefined) return [];
  const month = new Date(ask.now).toISOString().slice(0, 7);
  const ttlMs = Math.min(30 * day, untilNextMonth(ask.now));
  const budgets: Budget[] = [];
  if (images !== undefined) {
    budgets.push({
      key: `b:${month}:images`,
      most: images,
      seed: ask.used.images,
      cost: ask.images,
      costEach: 0,
      ttlMs,
    });
  }
  if (nanoUsd !== undefined) {
    const { nanoUsdEach, uncached } = ask;
    const cost = uncached * nanoUsdEach;
    budgets.push({
      key: `b:${month}:nanousd`,
      most: nanoUsd,
      seed: ask.used.nanoUsd,
      cost,
      costEach: nanoUsdEach,
      ttlMs,
    });
  }
  return budgets;
}

function untilNextMonth(now: number): number {
  const date = new Date(now);
  return Math.max(1_000, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - now);
}
