import type { IncomingMessage, ServerResponse } from "node:http";
import { type ImagePath, readImagePath, readQuery } from "#inference/image-api/image-request.ts";
import { problemOf } from "#inference/image-api/problem-details.ts";
import { whenClosed } from "#infra/runtime/caller-leaves.ts";
import { discardRest } from "#infra/runtime/discard-rest.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { HotDoor } from "#infra/runtime/http-server.ts";
import { readStream } from "#infra/runtime/read-body.ts";
import type { Access } from "./admission/access.ts";
import type { Authenticate } from "./admission/authenticate.ts";
import { corsHeaders, refusalHeaders } from "./admission/cors.ts";
import { answerImages } from "./images/answer-images.ts";
import type { ImageAsk } from "./images/image-ask.ts";
import type { ImagesDeps } from "./images/images-deps.ts";
import { type Traced, type Tracing, traceAnswer } from "./request-trace.ts";

export type HotDoorDeps = {
  readonly images: ImagesDeps;
  readonly authenticate: Authenticate;
  readonly access: Pick<Access, "origins">;
  readonly tracing: Tracing;
  /** False from the first stop signal on. */
  readonly ready: () => boolean;
};

/**
 * Takes requests with images from Node's own server: a web request and response around each, and the way through the
 * router, cost as much as all that is done for an answer from memory. What it does is what the rings in `app.ts` do, in
 * their order; whatever is not plainly such a request goes their way.
 */
export function openHotDoor(deps: HotDoorDeps): HotDoor {
  return function answerHot(incoming, outgoing) {
    const found = readImagePath(incoming.method, incoming.url);
    if (!found) return false;
    // A fault of ours that nobody foresaw ends one connection and not the process.
    answer({ incoming, outgoing, ...found }, deps).catch(() => outgoing.destroy());
    return true;
  };
}

type Hot = ImagePath & { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };

/** What the event at the end tells, as far as it became known. */
type Notes = { keyId?: string; model?: string; backend?: string };

type Sent = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

async function answer(hot: Hot, deps: HotDoorDeps): Promise<void> {
  const { incoming, outgoing } = hot;
  const traced = deps.tracing.begin((name) => textOf(incoming.headers[name]));
  const notes: Notes = {};
  const cors: Record<string, string> = {};
  let failure: TradewindError | undefined;
  let sent: Sent;
  try {
    sent = await answerAsk(hot, { traced, notes, cors }, deps);
  } catch (thrown) {
    failure = asTradewindError(thrown);
    sent = problemOf(failure, { requestId: traced.requestId, path: "/v1" });
    Object.assign(cors, refusalHeaders(deps.access, incoming.headers.origin, sent.status));
  }
  send(hot, { ...sent, headers: { ...sent.headers, ...traceAnswer(traced), ...cors } }, deps.ready());
  if (!incoming.complete) outgoing.once("finish", () => discardRest(incoming));
  deps.tracing.finish(traced, {
    route: `POST /v1/models/:model/${hot.task}`,
    model: notes.model,
    keyId: notes.keyId,
    backend: notes.backend,
    status: sent.status,
    code: failure?.code,
    error: failure,
  });
}

type Known = { readonly traced: Traced; readonly notes: Notes; readonly cors: Record<string, string> };

async function answerAsk(hot: Hot, { traced, notes, cors }: Known, deps: HotDoorDeps): Promise<Sent> {
  const { headers } = hot.incoming;
  const { authorization, host } = headers;
  const found = deps.authenticate({ authorization, apiKey: textOf(headers["x-api-key"]), host });
  const caller = found instanceof Promise ? await found : found;
  notes.keyId = caller.id;
  Object.assign(cors, corsHeaders(caller, headers.origin));
  return await answerImages({ ...askOf(hot, notes), ...traced, caller }, deps.images);
}

function askOf(
  { incoming, outgoing, model, task }: Hot,
  notes: Notes,
): Omit<ImageAsk, keyof Traced | "caller"> {
  const { headers, url = "" } = incoming;
  return {
    model,
    task,
    query: readQuery(url),
    header: (name) => textOf(headers[name]),
    readBody: (options) => readStream(incoming, headers["content-length"], options),
    onLeave: whenClosed(outgoing),
    note: (facts) => {
      Object.assign(notes, facts);
    },
  };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}

function send({ outgoing }: Hot, { status, headers, body }: Sent, ready: boolean): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(status, {
    ...headers,
    "content-length": Buffer.byteLength(body),
    // A connection kept alive would hold the drain open for as long as its client likes.
    ...(ready ? {} : { connection: "close" }),
  });
  sendTogether(() => outgoing.end(body));
}

const waiting: (() => void)[] = [];

/**
 * The answers of one turn of the event loop are written at its end, one behind the other: each write to a client that
 * sleeps wakes it, and what is woken once for several answers leaves that much more of the processor to them.
 */
function sendTogether(write: () => void): void {
  if (waiting.push(write) > 1) return;
  setImmediate(() => {
    for (const one of waiting.splice(0)) one();
  });
}
