import { catalogue, isErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { neverConnected } from "#infra/runtime/never-connected.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * A server's "no" in our words. Our own backend names the catalogue code beside its sentence, and that sentence was
 * written for the caller; of any other server only the status is believed, and its words go no further than `cause`.
 */
export function refusal(status: number, headers: Headers, body: string): TradewindError {
  const cause = new Error(`status ${status}: ${body.slice(0, 500)}`);
  const code = headers["tradewind-error"];
  if (typeof code === "string" && isErrorCode(code) && isAboutTheImage(code)) {
    return new TradewindError(code, sentenceOf(body) ?? "the backend did not accept the image", { cause });
  }
  if (status === 429 || status === 503) {
    return new TradewindError("backend_full", "the backend takes no more at the moment", { cause });
  }
  if (status === 400 || status === 413 || status === 415 || status === 422) {
    return new TradewindError("request_rejected", "the backend did not accept the image", { cause });
  }
  return new TradewindError("backend_failed", `the backend failed with status ${status}`, { cause });
}

/** A server's "no" to a question about a model, which only then may say that it does not have the model. */
export function questionRefusal(status: number, headers: Headers, body: string): TradewindError {
  if (status !== 404) return refusal(status, headers, body);
  const cause = new Error(`status ${status}: ${body.slice(0, 500)}`);
  return new TradewindError("model_unknown", "the backend does not have this model", { cause });
}

/** What undici or the socket threw, or the reason for which we gave up. */
export function transportFailure(error: unknown, signal: AbortSignal): TradewindError {
  if (signal.aborted && signal.reason instanceof TradewindError) return signal.reason;
  if (signal.aborted)
    return new TradewindError("deadline_exceeded", "no answer within the deadline", { cause: error });
  if (neverConnected(error)) {
    return new TradewindError("backend_unreachable", "the backend cannot be reached", { cause: error });
  }
  return new TradewindError("backend_failed", "the connection to the backend broke", { cause: error });
}

/** `model_unknown` from a backend that should have the model is the fleet's fault, not the caller's. */
function isAboutTheImage(code: keyof typeof catalogue): boolean {
  return (
    catalogue[code].blame === "caller" && catalogue[code].status !== 404 && catalogue[code].status !== 405
  );
}

function sentenceOf(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { readonly error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}
