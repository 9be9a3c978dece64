import type { Admission, AdmitOperation, SoftOperation } from "#infra/runtime/soft-state/soft-state.ts";
import { countsMoney } from "./monthly-budgets.ts";

export type Used = { readonly images: number; readonly nanoUsd: number };

export const nothingUsed: Used = { images: 0, nanoUsd: 0 };

/** Gives the places back, and of the budgets what was not used, where that is known. It may be done twice. */
export function settling(
  { tag, places = [], budgets, receipt }: AdmitOperation,
  used: Used | undefined,
): SoftOperation[] {
  const operations: SoftOperation[] = [];
  for (const { key, member } of places) operations.push({ kind: "leave", tag, key, member });
  if (!receipt || !used) return operations;
  const spent = budgets.map(({ key }) => ({ key, amount: countsMoney(key) ? used.nanoUsd : used.images }));
  return [...operations, { kind: "settle", tag, key: receipt.key, spent }];
}

/** Whether what was reserved is what was used, as it mostly is: then there is nothing to say. */
export function isSettled(
  { budgets, lookups }: AdmitOperation,
  { found }: Pick<Admission, "found">,
  used: Used,
): boolean {
  const missing = lookups.filter(({ free }, place) => !free && found[place]?.value === undefined).length;
  return budgets.every(
    ({ key, cost, costEach }) =>
      cost + missing * costEach === (countsMoney(key) ? used.nanoUsd : used.images),
  );
}
