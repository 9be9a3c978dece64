import type { PairPlan } from "./plan-pairs.ts";

/** Channels side by side that share a range: how many of each kind, in their order. */
export type Mixture = readonly number[];

/**
 * The results of last convolutions that give boxes and scores side by side. Under one scale the scores would come out
 * as coarse as the boxes, so that each kind has one of its own. It is one for all classes: of a class that no calibration
 * image holds, the range would be wrong.
 */
export function findMixed(plan: PairPlan, mixture: Mixture | undefined): ReadonlySet<string> {
  if (mixture === undefined) return new Set();
  const channels = mixture.reduce((sum, count) => sum + count, 0);
  const usersOf = Map.groupBy(plan.weighted.values(), ({ weight }) => weight.name);
  const mixed = Array.from(plan.weighted.values()).filter(({ node, weight, bias }) => {
    const isOwn = bias !== undefined && usersOf.get(weight.name)?.length === 1;
    return node.op === "Conv" && isOwn && weight.dims[0] === channels;
  });
  const results = mixed.map(({ node: { outputs } }) => outputs[0] ?? "");
  return new Set(results.filter((name) => plan.ends.has(name)));
}
