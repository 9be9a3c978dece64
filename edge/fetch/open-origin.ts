import type { Dispatcher } from "undici";
import type { Clock } from "#infra/runtime/clock.ts";
import { nonceHeader, type ProvedCall } from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { withoutCredentials } from "#infra/runtime/secret.ts";
import { captive, captivity, type OriginKind } from "./captive.ts";
import { lineFailure, tooSlow } from "./line-failure.ts";
import { type DispatcherOptions, openDispatcher } from "./open-dispatcher.ts";
import type { Origin, OriginAnswer, OriginAsk } from "./origin.ts";
import { refusalOf } from "./refusal-of.ts";
import { type StallBounds, type StallWatch, usualStall, watchStall } from "./watch-stall.ts";

export type OriginOptions = DispatcherOptions & {
  /** Where the repository begins: `https://gateway/edge/v1/repository`, or a folder of a mirror. */
  readonly url: string;
  readonly kind: OriginKind;
  /** Headers that show who asks; a gateway's alone. */
  readonly prove?: Prove | undefined;
  readonly clock: Clock;
  readonly stall?: StallBounds;
};

/** `nonce` is the gateway's, where it did not believe this device's clock. */
export type Prove = (
  call: ProvedCall & { readonly nonce: string | undefined },
) => Promise<Readonly<Record<string, string>>>;

export type OpenOrigin = Origin & AsyncDisposable;

/** A gateway's repository, or a copy of it elsewhere. Its failures are ours: `repository_unreachable`, `network_captive`. */
export function openOrigin(options: OriginOptions): OpenOrigin {
  const dispatcher = openDispatcher(options);
  const base = new URL(options.url.replace(/\/*$/, "/"));
  const caller: Caller = { options, dispatcher, base, name: withoutCredentials(base.href), nonce: undefined };
  let closing: Promise<void> | undefined;
  return {
    name: caller.name,
    isGateway: options.kind === "gateway",
    overTls: base.protocol === "https:",
    get: (ask) => visit(caller, ask),
    [Symbol.asyncDispose]: () => {
      // What is still being read is of no use to anybody who closes this.
      closing ??= dispatcher.destroy();
      return closing;
    },
  };
}

type Caller = {
  readonly options: OriginOptions;
  readonly dispatcher: Dispatcher;
  readonly base: URL;
  readonly name: string;
  nonce: { readonly text: string; readonly atMs: number } | undefined;
};

/** The gateway takes one for two minutes. */
const nonceGoodMs = 100_000;

const mostHops = 3;

/** Redirects are followed on the same host alone: elsewhere waits a portal, or somebody who wants the proof. */
async function visit(caller: Caller, ask: OriginAsk): Promise<OriginAnswer> {
  let url = placeOf(caller, ask.address);
  for (let hop = 0; ; hop += 1) {
    const answer = await askProved(caller, ask, url);
    const next = redirectOf(answer, url);
    if (next === undefined) return checked(caller, answer);
    answer.leave();
    if (next.origin !== url.origin) throw captive(caller.name, `it leads to ${next.host || "nowhere"}`);
    if (hop === mostHops) throw lineFailure(caller.name, "it leads in a circle");
    url = next;
  }
}

/** Signed addresses name what lies under the repository, and nobody has any other answered, or a proof for it. */
function placeOf({ base, name }: Caller, address: string): URL {
  const url = new URL(address, base);
  if (url.href.startsWith(base.href)) return url;
  throw new TradewindError("repository_refused", `an address that is signed leads out of ${name}`);
}

function redirectOf({ status, header }: OriginAnswer, from: URL): URL | undefined {
  const location = header("location");
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  return URL.parse(location, from.href) ?? new URL("about:blank");
}

/** A gateway that does not believe the clock gives a nonce, with which the same call is good. */
async function askProved(caller: Caller, ask: OriginAsk, url: URL): Promise<OriginAnswer> {
  const answer = await exchange(caller, ask, url);
  const nonce = answer.header(nonceHeader);
  if (answer.status !== 401 || nonce === undefined || !caller.options.prove) return answer;
  answer.leave();
  caller.nonce = { text: nonce, atMs: caller.options.clock.elapsed() };
  return await exchange(caller, ask, url);
}

async function exchange(caller: Caller, ask: OriginAsk, url: URL): Promise<OriginAnswer> {
  const { options, dispatcher, name } = caller;
  const headers = { ...headersOf(ask), ...(await proofOf(caller, url)) };
  ask.signal.throwIfAborted();
  const watch = watchStall(options.clock, options.stall ?? usualStall);
  const signal = AbortSignal.any([ask.signal, watch.signal]);
  const translate = (error: unknown): unknown => translated(error, { name, ask, watch });
  try {
    const path = url.pathname + url.search;
    const response = await dispatcher.request({ origin: url.origin, path, method: "GET", headers, signal });
    return answerOf(response, { watch, translate });
  } catch (error) {
    watch[Symbol.dispose]();
    throw translate(error);
  }
}

function headersOf({ range, ifRange }: OriginAsk): Record<string, string> {
  return {
    accept: "*/*",
    "accept-encoding": "identity",
    "user-agent": "tradewind-edge",
    ...(range && { range: `bytes=${range.start}-${range.end - 1}` }),
    ...(range && ifRange !== undefined && { "if-range": ifRange }),
  };
}

/** The path as the gateway sees it, whatever stands before it in its address. */
async function proofOf(
  { options: { prove, clock }, nonce: last }: Caller,
  url: URL,
): Promise<Readonly<Record<string, string>>> {
  if (!prove) return {};
  const path = url.pathname + url.search;
  const nonce = last && clock.elapsed() - last.atMs < nonceGoodMs ? last.text : undefined;
  return await prove({ method: "GET", path: path.slice(Math.max(0, path.indexOf("/edge/v1"))), nonce });
}

type Reading = { readonly watch: StallWatch; readonly translate: (error: unknown) => unknown };

function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData, reading: Reading): OriginAnswer {
  // A body that is given up says so by an error, for which nobody listens any more.
  body.on("error", () => {});
  const leave = (): void => {
    reading.watch[Symbol.dispose]();
    body.destroy();
  };
  const header = (name: string): string | undefined => {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return Array.isArray(value) ? value[0] : value;
  };
  return { status: statusCode, header, body: watched(body, { ...reading, leave }), leave };
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  { watch, translate, leave }: Reading & { readonly leave: () => void },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      watch.came(chunk.byteLength);
      yield chunk;
      watch.waits();
    }
  } catch (error) {
    throw translate(error);
  } finally {
    leave();
  }
}

/** What nobody but the gateway could have meant is an error here; a file that is not there is for whoever asked. */
async function checked({ options: { kind }, name }: Caller, answer: OriginAnswer): Promise<OriginAnswer> {
  const why = captivity(kind, answer);
  if (why !== undefined) {
    answer.leave();
    throw captive(name, why);
  }
  if (kind === "gateway" && (answer.status === 401 || answer.status === 403))
    throw await refusalOf(answer, name);
  return answer;
}

type Failed = { readonly name: string; readonly ask: OriginAsk; readonly watch: StallWatch };

function translated(error: unknown, { name, ask, watch }: Failed): unknown {
  if (ask.signal.aborted) return ask.signal.reason;
  if (error instanceof TradewindError) return error;
  return watch.signal.aborted ? tooSlow(name, error) : lineFailure(name, undefined, error);
}
