import type { IncomingMessage, ServerResponse } from "node:http";
import { errorReply, type Reply } from "#inference/protocol/reply.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { HotDoor } from "#infra/runtime/http-server.ts";
import { readStream } from "#infra/runtime/read-body.ts";
import { type CallVerifier, type PromisedBody, signatureHeader } from "#infra/runtime/signed-call.ts";
import {
  continueTraceContext,
  createTraceIds,
  formatTraceparent,
  type TraceContext,
} from "#infra/runtime/trace-context.ts";
import type { Infer, InferCall } from "./answer-infer.ts";

export type HotDoorDeps = {
  readonly infer: Infer;
  /** False from the first stop signal on. */
  readonly ready: () => boolean;
  readonly chance: Chance;
  /** Where only signed calls are answered. */
  readonly calls?: CallVerifier | undefined;
};

/**
 * Takes infer requests from Node's own server: with a model that computes next to nothing, the web's requests and responses
 * around it cost more than all the rest. Whatever is not plainly such a request goes the way of all others.
 */
export function openHotDoor({ infer, ready, chance, calls }: HotDoorDeps): HotDoor {
  const ids = createTraceIds(chance);
  return function answerHot(incoming, outgoing) {
    const found = incoming.method === "POST" ? inferPath.exec(incoming.url ?? "") : null;
    if (!found) return false;
    const trace = continueTraceContext(traceHeaders(incoming), ids);
    const { promised, refusal } = calls ? admit(incoming, calls) : anybody;
    if (refusal) {
      send(outgoing, refusal, trace, ready());
      return true;
    }
    const known = { model: found[1] ?? "", version: found[2], signal: leaving(outgoing), trace };
    infer(callOf(incoming, known, promised))
      .then((reply) => send(outgoing, reply, trace, ready()))
      // A fault of ours that nobody foresaw ends one connection and not the process.
      .catch(() => outgoing.destroy());
    return true;
  };
}

/** Names with escapes in them are left to the router. */
const inferPath = /^\/v2\/models\/([\w.-]+)(?:\/versions\/([\w.-]+))?\/infer(?:\?|$)/;

type Admitted = { readonly promised?: PromisedBody; readonly refusal?: Reply };

const anybody: Admitted = {};

/** Refused before a byte of the body is read. */
function admit({ method = "", url = "", headers }: IncomingMessage, calls: CallVerifier): Admitted {
  try {
    return { promised: calls.admit({ method, path: url }, textOf(headers[signatureHeader])) };
  } catch (error) {
    return { refusal: errorReply(error) };
  }
}

function traceHeaders({ headers }: IncomingMessage) {
  const { traceparent, tracestate } = headers;
  return { traceparent: textOf(traceparent), tracestate: textOf(tracestate) };
}

type Known = Pick<InferCall, "model" | "version" | "signal" | "trace">;

function callOf(incoming: IncomingMessage, known: Known, promised: PromisedBody | undefined): InferCall {
  const { headers } = incoming;
  return {
    ...known,
    header: (name) => textOf(headers[name]),
    readBody: (options) => {
      const reading = readStream(incoming, headers["content-length"], options);
      return promised ? reading.then((body) => checked(body, promised)) : reading;
    },
  };
}

function checked(body: Buffer, promised: PromisedBody): Buffer {
  promised.check(body);
  return body;
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}

/** Node tells that the caller left by closing the response before it was sent. */
function leaving(outgoing: ServerResponse): AbortSignal {
  const left = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) left.abort();
  });
  return left.signal;
}

function send(
  outgoing: ServerResponse,
  { status, headers, body }: Reply,
  trace: TraceContext,
  ready: boolean,
): void {
  outgoing.writeHead(status, {
    ...headers,
    "content-length": typeof body === "string" ? Buffer.byteLength(body) : body.byteLength,
    traceparent: formatTraceparent(trace),
    // A connection kept alive would hold the drain open for as long as its client likes.
    ...(ready ? {} : { connection: "close" }),
  });
  if (typeof body === "string") outgoing.end(body);
  else if (body.byteLength > smallBody) outgoing.end(body);
  // As text it goes out in one piece with the head, where bytes would be a second one.
  else outgoing.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"), "latin1");
}

const smallBody = 16_384;
