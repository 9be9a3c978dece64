import { readCacheControl } from "#inference/image-api/cache-wishes.ts";
import { type ImageOptions, readOptions } from "#inference/image-api/read-options.ts";
import { type Deadline, openDeadline } from "#infra/runtime/deadline.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { askCloudToo } from "./ask-cloud-too.ts";
import { composeReply } from "./compose-reply.ts";
import { findModel, leaseModel } from "./find-model.ts";
import type { LocalAsk, LocalImages, LocalReply } from "./local-ask.ts";
import { lookAtImages } from "./look-at-images.ts";
import type { Question } from "./question.ts";
import { receiveImages } from "./receive-images.ts";

/** Images in, what is found in them out, in the steps and with the refusals of a gateway. */
export async function answerImages(ask: LocalAsk, deps: LocalImages): Promise<LocalReply> {
  const { clock, limits, forwarder } = deps;
  const wanted = findModel(ask.model, deps);
  const asked = readOptions(ask.query);
  using place = deps.inFlight.enter(0);
  using deadline = openDeadline({ timeoutMs: limits.requestTimeout, onLeave: ask.onLeave });
  const received = await receiveImages(ask, asked, { limits, place });
  const { options } = received;
  using leased = leaseModel({ ...wanted, task: ask.task, options }, deps.running);
  refuseOnlyCached(ask);
  const receivedAt = clock.elapsed();
  const deadlineMs = options.deadlineMs ?? deps.sloMs;
  using strict = strictDeadline(options, deadlineMs);
  const signal = strict ? AbortSignal.any([deadline.signal, strict.signal]) : deadline.signal;
  const question: Question = { ask, ...received, leased, receivedAt, deadlineMs, signal };
  if (forwarder) return await askCloudToo(question, { ...deps, forwarder });
  return composeReply(question, await lookAtImages(question, deps), clock);
}

/** Nothing is kept here. */
function refuseOnlyCached({ header }: LocalAsk): void {
  if (!readCacheControl(header("cache-control")).onlyIfCached) return;
  throw new TradewindError("not_cached", "there is no stored answer, and the request wants no other");
}

/** For callers to whom a late answer is worth nothing. */
function strictDeadline({ strict }: ImageOptions, timeoutMs: number): Deadline | undefined {
  return strict ? openDeadline({ timeoutMs, onLeave: () => () => {} }) : undefined;
}
