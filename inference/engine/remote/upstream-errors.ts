import { errors } from "undici";
import { abandoned } from "#inference/abandoned.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { neverConnected } from "#infra/runtime/never-connected.ts";

/** A tensor server's "no" in our words: only its status is believed, and what it says goes no further than `cause`. */
export function refusal(status: number, body: Uint8Array): TradewindError {
  const said = new TextDecoder().decode(body.subarray(0, 500));
  const cause = new Error(`status ${status}: ${said}`);
  if (status === 429 || status === 503) {
    return new TradewindError("backend_full", "the upstream server takes no more at the moment", { cause });
  }
  return new TradewindError("backend_failed", `the upstream server failed with status ${status}`, { cause });
}

/** What undici or the socket threw, or the reason for which we gave up. */
export function transportFailure(error: unknown, signal: AbortSignal): TradewindError {
  if (signal.aborted) return abandoned(signal);
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
    return invalidAnswer("something that is no HTTP", error);
  }
  const failed = neverConnected(error) ? unreachable : broke;
  return failed(error);
}

/** The failure of a server that answered something else than the protocol, or than sense. */
export function invalidAnswer(what: string, cause?: unknown): TradewindError {
  return new TradewindError("backend_answer_invalid", `the upstream server answered with ${what}`, { cause });
}

function unreachable(cause: unknown): TradewindError {
  return new TradewindError("backend_unreachable", "the upstream server cannot be reached", { cause });
}

function broke(cause: unknown): TradewindError {
  return new TradewindError("backend_failed", "the connection to the upstream server broke", { cause });
}
