import type { IncomingMessage, ServerResponse } from "node:http";
import { discardRest } from "#infra/runtime/discard-rest.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { HotDoor } from "#infra/runtime/http-server.ts";
import { readStream } from "#infra/runtime/read-body.ts";
import type { Access } from "./admission/access.ts";
import type { Authenticate } from "./admission/authenticate.ts";
import { corsHeaders, refusalHeaders } from "./admission/cors.ts";
import { whenClosed } from "./caller-leaves.ts";
import { answerImages } from "./images/answer-images.ts";
import { type ImageAsk, type TaskPath, taskPaths } from "./images/image-ask.ts";
import type { ImagesDeps } from "./images/images-deps.ts";
import { problemOf } from "./problem.ts";
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
    const found = incoming.method === "POST" ? imagePath.exec(incoming.url ?? "") : null;
    if (!found) return false;
    const [, model = "", task = ""] = found;
    // A fault of ours that nobody foresaw ends one connection and not the process.
    answer({ incoming, outgoing, model, task: task as TaskPath }, deps).catch(() => outgoing.destroy());
    return true;
  };
}

/** Names with escapes in them are left to the router. */
const imagePath = new RegExp(`^/v1/models/([\\w.@-]+)/(${taskPaths.join("|")})(?:\\?|$)`);

type Hot = {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly model: string;
  readonly task: TaskPath;
};

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
    query: queryOf(url),
    header: (name) => textOf(headers[name]),
    readBody: (options) => readStream(incoming, headers["content-length"], options),
    onLeave: whenClosed(outgoing),
    note: (facts) => {
      Object.assign(notes, facts);
    },
  };
}

const noQuery = Object.freeze({});

/** As the router reads it: each name with all of its values. */
function queryOf(url: string): Readonly<Record<string, string[]>> {
  const at = url.indexOf("?");
  if (at < 0) return noQuery;
  // Without a prototype, since a parameter may be called __proto__.
  const query: Record<string, string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
    const values = query[name];
    if (values) values.push(value);
    else query[name] = [value];
  }
  return query;
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
