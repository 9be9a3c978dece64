import type { Pool } from "undici";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Authorize } from "./authorize.ts";
import { transportFailure } from "./open-inference-errors.ts";
import { type Exchanged, exchange, type SentRequest } from "./open-inference-exchange.ts";

export type SendRequest = (pool: Pool, request: SentRequest) => Promise<Exchanged>;

/** One request and its answer, or a failure in the catalogue's words. */
export async function sendPlainly(pool: Pool, request: SentRequest): Promise<Exchanged> {
  try {
    return await exchange(pool, request);
  } catch (error) {
    throw error instanceof TradewindError ? error : transportFailure(error, request.signal);
  }
}

/** The same with credentials, which take no turn of their own where they are at hand. */
export function sendAuthorized(authorize: Authorize): SendRequest {
  return (pool, request) => {
    if (request.signal.aborted) return Promise.reject(transportFailure(undefined, request.signal));
    let given: ReturnType<Authorize>;
    try {
      given = authorize(request);
      if (!(given instanceof Promise)) return sendPlainly(pool, withCredentials(request, given));
    } catch (error) {
      return Promise.reject(noCredentials(error));
    }
    return unlessLeft(given, request.signal).then((headers) =>
      sendPlainly(pool, withCredentials(request, headers)),
    );
  };
}

/** They stand in the place of whatever the request says under the same names. */
function withCredentials(request: SentRequest, given: readonly string[]): SentRequest {
  if (given.length === 0) return request;
  if (given.length % 2 !== 0) throw noCredentials(new Error("a name without a value"));
  const names = new Set<string>();
  for (let at = 0; at < given.length; at += 2) names.add((given[at] ?? "").toLowerCase());
  const { headers } = request;
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const [name = "", value = ""] = [headers[at], headers[at + 1]];
    if (!names.has(name.toLowerCase())) kept.push(name, value);
  }
  return { ...request, headers: [...kept, ...given] };
}

/** Whoever fetches credentials may not know how long a caller waits. */
async function unlessLeft(
  asked: Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const left = Promise.withResolvers<never>();
  const onAbort = (): void => left.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([asked, left.promise]);
  } catch (error) {
    throw signal.aborted ? transportFailure(error, signal) : noCredentials(error);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** What was said of the reason is for operators, and stays in the cause. */
function noCredentials(cause: unknown): TradewindError {
  if (cause instanceof TradewindError && cause.code === "backend_unreachable") return cause;
  const message = "the backend cannot be called, since credentials for it could not be had";
  return new TradewindError("backend_unreachable", message, { cause });
}
