import type { IncomingMessage, ServerResponse } from "node:http";
import { type ImagePath, readImagePath, readQuery } from "#inference/image-api/image-request.ts";
import { problemOf } from "#inference/image-api/problem-details.ts";
import { whenClosed } from "#infra/runtime/caller-leaves.ts";
import { discardRest } from "#infra/runtime/discard-rest.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { HotDoor } from "#infra/runtime/http-server.ts";
import type { KnownHost } from "#infra/runtime/known-host.ts";
import { readStream } from "#infra/runtime/read-body.ts";
import { answerImages } from "./answer-images.ts";
import { answeredBy, answerHeaders, type BeginRequest, type Begun, finishRequest } from "./begin-request.ts";
import type { LocalAsk, LocalImages, LocalReply } from "./local-ask.ts";

export type HotDoorDeps = {
  readonly images: LocalImages;
  readonly begin: BeginRequest;
  readonly ready: () => boolean;
  readonly isKnownHost: KnownHost;
  /** The backend's own, for infer requests. */
  readonly infer: HotDoor;
};

/**
 * Takes requests with images from Node's own server: on a small machine the web's requests and responses around a small
 * model cost as much as a good part of it. What it does is what `local-api.ts` does; the rest goes that way.
 */
export function openHotDoor(deps: HotDoorDeps): HotDoor {
  return function answerHot(incoming, outgoing) {
    outgoing.setHeader(answeredBy, "edge");
    // What a page sends is refused, and not here.
    const { origin, host } = incoming.headers;
    if (origin !== undefined || !deps.isKnownHost(host)) return false;
    const found = readImagePath(incoming.method, incoming.url);
    if (!found) return deps.infer(incoming, outgoing);
    // A fault of ours that nobody foresaw ends one connection and not the process.
    answer({ incoming, outgoing, ...found }, deps).catch(() => outgoing.destroy());
    return true;
  };
}

type Hot = ImagePath & { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };

async function answer(hot: Hot, { images, begin, ready }: HotDoorDeps): Promise<void> {
  const { incoming, outgoing, task } = hot;
  const begun = begin((name) => textOf(incoming.headers[name]));
  let failure: TradewindError | undefined;
  let reply: LocalReply;
  try {
    reply = await answerImages(askOf(hot, begun), images);
  } catch (thrown) {
    failure = asTradewindError(thrown);
    reply = problemOf(failure, { requestId: begun.requestId, path: "/v1" });
  }
  const { status, headers, body } = reply;
  if (!outgoing.destroyed) {
    outgoing.writeHead(status, {
      ...answerHeaders(begun),
      ...headers,
      "content-length": Buffer.byteLength(body),
      // A connection kept alive would hold the drain open for as long as its client likes.
      ...(ready() ? {} : { connection: "close" }),
    });
    outgoing.end(body);
  }
  if (!incoming.complete) outgoing.once("finish", () => discardRest(incoming));
  const route = `POST /v1/models/:model/${task}`;
  finishRequest(begun, { route, model: hot.model, status, failure }, images.clock);
}

function askOf({ incoming, outgoing, model, task }: Hot, begun: Begun): LocalAsk {
  const { headers, url = "" } = incoming;
  return {
    ...begun,
    model,
    task,
    query: readQuery(url),
    header: (name) => textOf(headers[name]),
    readBody: (options) => readStream(incoming, headers["content-length"], options),
    onLeave: whenClosed(outgoing),
  };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}
