import type { ImageAnswer } from "#inference/contract.ts";
import type { Detect } from "#inference/serve-model.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, type ErrorCode } from "#infra/runtime/errors.ts";
import type { Answered } from "./running-model.ts";

export type TellAnswers = {
  readonly model: string;
  readonly release: number;
  readonly clock: Pick<Clock, "elapsed">;
  readonly tell: (told: Answered) => void;
};

/** Tells of each image what became of it, unless that says nothing of the model: a broken image, a caller who left. */
export function tellAnswers(detect: Detect, { model, release, clock, tell }: TellAnswers): Detect {
  return async function detectAndTell(image, run) {
    const startedAt = clock.elapsed();
    try {
      const answer = await detect(image, run);
      tell({ model, release, failed: false, ms: clock.elapsed() - startedAt, ...summary(answer) });
      return answer;
    } catch (thrown) {
      if (isModels(thrown)) {
        const ms = clock.elapsed() - startedAt;
        tell({ model, release, failed: true, ms, detections: 0, meanScore: undefined });
      }
      throw thrown;
    }
  };
}

function summary({ detections }: ImageAnswer): Pick<Answered, "detections" | "meanScore"> {
  const { length } = detections;
  let sum = 0;
  for (const { score } of detections) sum += score;
  return { detections: length, meanScore: length === 0 ? undefined : sum / length };
}

/** A crowd before the door, and a device that shuts down, say nothing of the model behind it. */
const ofTheMoment: ReadonlySet<ErrorCode> = new Set([
  "deadline_exceeded",
  "queue_timeout",
  "backend_full",
  "overloaded",
  "draining",
]);

function isModels(thrown: unknown): boolean {
  const { kind, code } = asTradewindError(thrown);
  return kind.blame !== "caller" && !ofTheMoment.has(code);
}
