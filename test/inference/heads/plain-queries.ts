import type { DetectOptions, FloatTensor } from "#inference/contract.ts";
import type { Queried } from "#inference/heads/queries.ts";
import { isScore } from "./plain-detections.ts";

/** DETR's logits as scores, query by query, written as the papers have it. */
export function plainScores({ shape, data }: FloatTensor, classes: number): number[][] {
  const [, queries = 0, width = 0] = shape;
  return Array.from({ length: queries }, (_, query) => {
    const logits = [...data.slice(query * width, (query + 1) * width)];
    if (width === classes) return logits.map((logit) => Math.fround(1 / (1 + Math.exp(-logit))));
    const powers = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.slice(0, classes).map((power) => Math.fround(power / sum));
  });
}

/** The things above the threshold, by score; nothing is suppressed. */
export function plainQueries(
  fours: readonly (readonly number[])[],
  scores: readonly (readonly number[])[],
  { conf, maxDetections, multiLabel = false }: DetectOptions,
): Queried[] {
  const found: Queried[] = [];
  fours.forEach(([x = 0, y = 0, width = 0, height = 0], query) => {
    const own = scores[query] ?? [];
    const best = own.indexOf(Math.max(...own.filter(isScore)));
    const box = { x1: x - width / 2, y1: y - height / 2, x2: x + width / 2, y2: y + height / 2 };
    if (![x, y, width, height].every(Number.isFinite) || width < 0 || height < 0) return;
    own.forEach((score, index) => {
      if (!isScore(score) || score <= Math.fround(conf) || (!multiLabel && index !== best)) return;
      found.push({ class: index, score, box });
    });
  });
  return found.sort((one, other) => other.score - one.score).slice(0, maxDetections);
}
