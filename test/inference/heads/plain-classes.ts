import type { FloatTensor } from "#inference/contract.ts";
import type { Classified } from "#inference/heads/classify.ts";

/** Logits to probabilities, those above the threshold by size; the earlier class first where two are equal. */
export function plainClasses(
  { data }: FloatTensor,
  { conf, maxDetections }: { readonly conf: number; readonly maxDetections: number },
): Classified[] {
  const powers = [...data].map((logit) => Math.exp(logit - Math.max(...data)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers
    .map((power, index) => ({ class: index, score: Math.fround(power / sum) }))
    .filter(({ score }) => score > Math.fround(conf))
    .sort((one, other) => other.score - one.score)
    .slice(0, maxDetections);
}
