import { errors } from "undici";
import { type ErrorCode, isErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { neverConnected } from "#infra/runtime/never-connected.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The failure of a backend that answered something else than the protocol, or than sense. */
export function invalidAnswer(what: string, cause?: unknown): TradewindError {
  return new TradewindError("backend_answer_invalid", `the backend answered with ${what}`, { cause });
}

/**
 * A server's "no" in our words. Our own backend names the catalogue code beside its sentence, and that sentence was
 * written for the caller; of any other server only the status is believed, and its words go no further than `cause`.
 */
export function refusal(
  status: number,
  headers: Headers,
  body: string,
  what: "image" | "request" = "image",
): TradewindError {
  const cause = new Error(`status ${status}: ${body.slice(0, 500)}`);
  const details = { cause, ...retryOf(headers) };
  const code = headers["tradewind-error"];
  if (typeof code === "string" && isErrorCode(code) && aboutTheRequest.has(code)) {
    return new TradewindError(code, sentenceOf(body) ?? `the backend did not accept the ${what}`, details);
  }
  if (status === 429 || status === 503) {
    return new TradewindError("backend_full", "the backend takes no more at the moment", details);
  }
  if (status === 400 || status === 413 || status === 415 || status === 422) {
    return new TradewindError("request_rejected", `the backend did not accept the ${what}`, details);
  }
  return new TradewindError("backend_failed", `the backend failed with status ${status}`, details);
}

/** A server's "no" to a question about a model, which only then may say that it does not have the model. */
export function questionRefusal(status: number, headers: Headers, body: string): TradewindError {
  if (status !== 404) return refusal(status, headers, body);
  const cause = new Error(`status ${status}: ${body.slice(0, 500)}`);
  return new TradewindError("model_unknown", "the backend does not have this model", { cause });
}

/** A server that asks for more patience than this is asked again sooner all the same. */
const longestRetrySeconds = 60;

function retryOf({ "retry-after": said }: Headers): { readonly retryAfterMs?: number } {
  if (typeof said !== "string" || !/^\d{1,9}$/.test(said)) return {};
  return { retryAfterMs: 1_000 * Math.min(Number(said), longestRetrySeconds) };
}

/** What undici or the socket threw, or the reason for which we gave up. */
export function transportFailure(error: unknown, signal: AbortSignal): TradewindError {
  if (signal.aborted && signal.reason instanceof TradewindError) return signal.reason;
  if (signal.aborted)
    return new TradewindError("deadline_exceeded", "no answer within the deadline", { cause: error });
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
    return invalidAnswer("something that is no HTTP", error);
  }
  if (neverConnected(error)) {
    return new TradewindError("backend_unreachable", "the backend cannot be reached", { cause: error });
  }
  return new TradewindError("backend_failed", "the connection to the backend broke", { cause: error });
}

/**
 * What a backend may say of the request it was sent. `model_unknown` from one that should have the model, or
 * `key_invalid` from one that wants a key, is the fleet's fault and not the caller's.
 */
const aboutTheRequest: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "body_empty",
  "body_too_large",
  "encoding_unsupported",
  "image_too_large",
  "image_type_unsupported",
  "image_undecodable",
  "parameter_invalid",
  "request_malformed",
  "request_rejected",
]);

/** Longer than any sentence of ours. */
const mostCharacters = 1_000;

function sentenceOf(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { readonly error?: unknown };
    return typeof error === "string" ? error.slice(0, mostCharacters) : undefined;
  } catch {
    return undefined;
  }
}
