import type { ImageAnswer } from "#inference/contract.ts";
import { answerText, listText } from "#inference/image-api/answer-text.ts";
import { coreOf } from "#inference/image-api/core-of.ts";
import { withFormat } from "#inference/image-api/formats.ts";
import { serverTiming } from "#inference/image-api/server-timing.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { LocalReply } from "./local-ask.ts";
import type { Looked, Question } from "./question.ts";

/** The answer as it goes out: one shape for one image, a list for several. */
export function composeReply(question: Question, looked: readonly Looked[], clock: Clock): LocalReply {
  const { ask, several, receivedAt, deadlineMs } = question;
  const now = clock.elapsed();
  const totalMs = now - ask.startedAt;
  const late = now - receivedAt > deadlineMs;
  const texts = looked.map((one) => textOf(one, question, { totalMs, late }));
  const made = looked.find((one): one is ImageAnswer => !(one instanceof TradewindError));
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      "server-timing": serverTiming(made?.timings, totalMs),
    },
    body: several ? listText(ask.requestId, texts) : theOnly(texts),
  };
}

function textOf(
  one: Looked,
  { ask, leased, options }: Question,
  { totalMs, late }: { readonly totalMs: number; readonly late: boolean },
): string | TradewindError {
  if (one instanceof TradewindError) return one;
  const { image, detections, timings } = one;
  const core = coreOf({ model: leased.info, image, detections }, options);
  return answerText({
    requestId: ask.requestId,
    core: withFormat(core, options.format),
    ...fromHere,
    deadlineMissed: late,
    timings,
    totalMs,
  });
}

/** Nothing is kept here, and nothing is paid. */
const fromHere = { backend: "device", cache: "off", costUsd: 0 } as const;

/** A single image that failed has failed its request before this. */
function theOnly([text]: readonly (string | TradewindError)[]): string {
  if (text === undefined || text instanceof TradewindError)
    throw text ?? new TradewindError("internal", "no image");
  return text;
}
