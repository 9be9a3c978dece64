import type * as Undici from "undici";
import type { Dispatcher } from "undici";
import type { ImagePath, Query } from "#inference/image-api/image-request.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Secret } from "#infra/runtime/secret.ts";
import { type TraceContext, traceHeaders } from "#infra/runtime/trace-context.ts";
import { createBreaker } from "./breaker.ts";
import { type CloudAnswer, type ExpectedAnswer, readCloudAnswer } from "./cloud-answer.ts";

/** Images on their way to the cloud. */
export type Forwarder = AsyncDisposable & {
  /** Every image, or those whose local answer has something under `below`. */
  readonly when: "always" | "unsure";
  readonly below: number;
  /** Never throws: no answer, no good one, or none in time is undefined. */
  readonly ask: (ask: CloudAsk) => Promise<CloudAnswer | undefined>;
};

export type ForwardOptions = {
  /** The gateway's address, without `/v1`. */
  readonly url: string;
  /** The device's own; what callers show here goes nowhere. */
  readonly key: Secret;
  readonly when: Forwarder["when"];
  readonly below?: number;
  /** How long the cloud is waited for. */
  readonly patienceMs?: number;
  readonly clock: Clock;
  /** Where the way to the gateway is a special one; it stays its owner's. */
  readonly dispatcher?: Dispatcher;
  readonly maxAnswerBytes?: number;
};

export type CloudAsk = ImagePath & {
  readonly query: Query;
  readonly contentType: string | undefined;
  /** As it came. */
  readonly body: Buffer;
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly expected: ExpectedAnswer;
  /** Until the caller's deadline. */
  readonly leftMs: number;
  readonly signal: AbortSignal;
};

/** Asks the gateway at the same path with the same options, and stops asking for a while where it does not answer. */
export async function openForwarder(options: ForwardOptions): Promise<Forwarder> {
  const { clock, when, below = 0.5, patienceMs = 400, dispatcher } = options;
  // Whoever never forwards is spared the library.
  const { Agent, request } = await import("undici");
  const own = dispatcher ? undefined : new Agent(bounds);
  const breaker = createBreaker({ clock });
  const fairMs = Math.min(Math.floor(patienceMs), longEnoughMs);
  const ask = async (asked: CloudAsk): Promise<CloudAnswer | undefined> => {
    const mostMs = Math.floor(Math.min(patienceMs, asked.leftMs - toWriteMs));
    const attempt = mostMs > 0 && !asked.signal.aborted ? breaker.enter() : undefined;
    if (!attempt) return undefined;
    const late = AbortSignal.timeout(mostMs);
    const { outcome, answer } = await exchange(asked, {
      ...options,
      request,
      dispatcher: dispatcher ?? own,
      signal: AbortSignal.any([asked.signal, late]),
    });
    // Nobody can be blamed for a caller who was in a hurry, or who left.
    const isBlamed = late.aborted ? mostMs >= fairMs : !asked.signal.aborted;
    attempt.end(outcome === "failed" && !isBlamed ? "open" : outcome);
    return answer;
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= own ? own.close() : Promise.resolve();
    return closing;
  };
  return { when, below, ask, [Symbol.asyncDispose]: close };
}

/** What the local answer takes to be written, when the cloud's did not come. */
const toWriteMs = 5;

/** A cloud that is there has answered by then, though more patience may be had with it. */
const longEnoughMs = 500;

const bounds = { connections: 16, maxHeaderSize: 16_384, headersTimeout: 0, bodyTimeout: 0, allowH2: false };

type Exchanging = Pick<ForwardOptions, "url" | "key" | "maxAnswerBytes"> & {
  readonly request: typeof Undici.request;
  readonly dispatcher: Dispatcher | undefined;
  readonly signal: AbortSignal;
};

type Exchanged = { readonly outcome: "answered" | "failed" | "open"; readonly answer?: CloudAnswer };

async function exchange(asked: CloudAsk, exchanging: Exchanging): Promise<Exchanged> {
  const { request, dispatcher, signal, key, maxAnswerBytes = 4_194_304 } = exchanging;
  try {
    const { statusCode, headers, body } = await request(addressOf(exchanging.url, asked), {
      method: "POST",
      headers: headersOf(asked, key),
      body: asked.body,
      signal,
      ...(dispatcher && { dispatcher }),
    });
    // A stream that is given up says so by an error, for which nobody listens any more.
    body.on("error", () => {});
    if (statusCode !== 200) {
      body.destroy();
      return { outcome: ofTheRequest.has(statusCode) ? "open" : "failed" };
    }
    const heard = await readAtMost(body, maxAnswerBytes);
    const header = (name: string): string | undefined => textOf(headers[name]);
    const answer = heard && readCloudAnswer({ header, body: heard }, asked.expected);
    return answer ? { outcome: "answered", answer } : failed;
  } catch {
    return failed;
  }
}

const failed: Exchanged = { outcome: "failed" };

/** The cloud is there, and does not like this one. */
const ofTheRequest: ReadonlySet<number> = new Set([400, 413, 415, 422]);

function addressOf(url: string, { model, task, query }: CloudAsk): string {
  const said = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) for (const value of values) said.append(name, value);
  return `${url.replace(/\/+$/, "")}/v1/models/${model}/${task}${said.size > 0 ? `?${said}` : ""}`;
}

/** Made anew: nothing of the caller goes along but what its body is, and how its request is called. */
function headersOf(asked: CloudAsk, key: Secret): Record<string, string> {
  const { contentType, requestId, trace } = asked;
  return {
    accept: "application/json",
    authorization: `Bearer ${key.reveal()}`,
    "user-agent": "tradewind-edge",
    "x-request-id": requestId,
    ...traceHeaders(trace),
    ...(contentType !== undefined && { "content-type": contentType }),
  };
}

/** Undefined where there is more. */
async function readAtMost(body: AsyncIterable<Uint8Array>, most: number): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Leaving early ends the connection, and with it what still comes.
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > most) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}
