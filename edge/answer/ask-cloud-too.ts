import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { answeredBy } from "./begin-request.ts";
import type { CloudAnswer } from "./cloud-answer.ts";
import { composeReply } from "./compose-reply.ts";
import type { CloudAsk, Forwarder } from "./forward.ts";
import type { LocalImages, LocalReply } from "./local-ask.ts";
import { lookAtImages } from "./look-at-images.ts";
import type { Looked, Question } from "./question.ts";

type Deps = LocalImages & { readonly forwarder: Forwarder };

/** The cloud's answer where it comes in time; whatever becomes of it, the device's own stands behind it. */
export function askCloudToo(question: Question, deps: Deps): Promise<LocalReply> {
  return deps.forwarder.when === "always" ? askBoth(question, deps) : askIfUnsure(question, deps);
}

async function askBoth(question: Question, deps: Deps): Promise<LocalReply> {
  const enough = new AbortController();
  const signal = AbortSignal.any([question.signal, enough.signal]);
  const local = lookAtImages({ ...question, signal }, deps);
  // Awaited below, unless nobody wants it any more.
  local.catch(() => {});
  const answer = await deps.forwarder.ask(cloudAsk(question, deps));
  if (!answer) return composeReply(question, await local, deps.clock);
  const hold = holdSame(question, deps);
  if (!hold || !deps.unwanted.mayFinish(local, hold))
    enough.abort(new TradewindError("caller_left", "the cloud has answered"));
  return fromCloud(answer);
}

/** The model that looks, unless another took its place meanwhile: that one would be held, and this one closed. */
function holdSame({ leased }: Question, { running }: Pick<Deps, "running">): Disposable | undefined {
  const hold = running.lease(leased.info.name);
  if (hold?.model.detect === leased.detect) return hold;
  hold?.[Symbol.dispose]();
  return undefined;
}

async function askIfUnsure(question: Question, deps: Deps): Promise<LocalReply> {
  const { forwarder, clock } = deps;
  const looked = await lookAtImages(question, deps).catch(asTradewindError);
  const answer = isUnsure(looked, forwarder.below)
    ? await forwarder.ask(cloudAsk(question, deps))
    : undefined;
  if (answer) return fromCloud(answer);
  if (looked instanceof TradewindError) throw looked;
  return composeReply(question, looked, clock);
}

/** Something was found that the model itself does not quite believe, or the model could not answer. */
function isUnsure(looked: readonly Looked[] | TradewindError, below: number): boolean {
  if (looked instanceof TradewindError) return looked.kind.blame !== "caller";
  return looked.some(
    (one) => !(one instanceof TradewindError) && one.detections.some(({ score }) => score < below),
  );
}

function cloudAsk(question: Question, { clock }: Pick<Deps, "clock">): CloudAsk {
  const { ask, leased, body, images, several, options, receivedAt, deadlineMs, signal } = question;
  const { model, task, query, requestId, trace } = ask;
  return {
    ...{ model, task, query, requestId, trace, body, signal },
    contentType: ask.header("content-type"),
    leftMs: deadlineMs - (clock.elapsed() - receivedAt),
    expected: {
      model: leased.info.name,
      images: several ? images.length : undefined,
      format: options.format,
    },
  };
}

function fromCloud({ body, headers }: CloudAnswer): LocalReply {
  return { status: 200, headers: { ...headers, [answeredBy]: "cloud" }, body };
}
