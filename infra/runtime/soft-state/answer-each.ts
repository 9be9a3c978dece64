import type { SoftOperation, SoftResult, SoftResults } from "./soft-state.ts";

/** Answers every operation at its own place; what ties an answer's type to its operation is checked here once. */
export function answerEach<const Operations extends readonly SoftOperation[]>(
  operations: Operations,
  answer: (operation: SoftOperation, place: number) => SoftResult,
): SoftResults<Operations> {
  const results: unknown = operations.map(answer);
  if (isPaired(operations, results)) return results;
  throw new TypeError("an answer is missing");
}

function isPaired<const Operations extends readonly SoftOperation[]>(
  operations: Operations,
  results: unknown,
): results is SoftResults<Operations> {
  return Array.isArray(results) && results.length === operations.length;
}
