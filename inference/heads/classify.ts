import type { DetectOptions, FloatTensor } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { pickBest } from "./pick-best.ts";
import { softmax } from "./queries.ts";

export type Classified = { readonly class: number; readonly score: number };

/** The classes [1, classes] above the threshold, best first. */
export function readClasses(
  output: FloatTensor,
  logits: boolean,
  { conf, maxDetections }: Pick<DetectOptions, "conf" | "maxDetections">,
): Classified[] {
  const scores = logits ? softmax(output.data) : output.data;
  refuseOther(scores);
  return Array.from(pickBest(scores, conf, maxDetections), (place) => ({
    class: place,
    score: scores[place] ?? 0,
  }));
}

/** Half and 8-bit numbers are this far from adding up to one. */
const slack = 0.02;

/** Logits taken for probabilities would look like answers, so that what does not add up to one is refused. */
function refuseOther(scores: Float32Array): void {
  const sum = scores.reduce((total, score) => (score >= -slack ? total + score : Number.NaN), 0);
  if (Math.abs(sum - 1) <= slack) return;
  throw new TradewindError(
    "backend_answer_invalid",
    `the model's ${scores.length} scores are no probabilities: they add up to ${sum.toPrecision(4)}, expected 1`,
    { hint: "export the model with its softmax, or say `logits: True` in its metadata" },
  );
}
