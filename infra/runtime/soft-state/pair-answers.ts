import type { SoftOperation, SoftResult, SoftResults } from "./soft-state.ts";

/** Gives each answer the type of the operation at the same place; what ties the two is checked here once. */
export function pairAnswers<const Operations extends readonly SoftOperation[]>(
  operations: Operations,
  results: readonly SoftResult[],
): SoftResults<Operations> {
  if (isPaired(operations, results)) return results;
  throw new TypeError("an answer is missing");
}

function isPaired<const Operations extends readonly SoftOperation[]>(
  operations: Operations,
  results: readonly unknown[],
): results is SoftResults<Operations> {
  return results.length === operations.length;
}
