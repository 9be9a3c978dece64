import type { TradewindError } from "#infra/runtime/errors.ts";

export type Problem = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** RFC 9457 problem details, or `{"error": "..."}` under /v2, where the protocol's clients look for a string. */
export function problemOf(
  error: TradewindError,
  { requestId, path }: { readonly requestId: string; readonly path: string },
): Problem {
  const { status } = error.kind;
  const isProtocol = /^\/v2(\/|$)/.test(path);
  return {
    status,
    headers: {
      ...error.headers,
      "content-type": isProtocol ? "application/json" : "application/problem+json",
      ...(status === 401 ? { "www-authenticate": 'Bearer realm="tradewind"' } : {}),
      ...retryHeader(error),
    },
    body: JSON.stringify(isProtocol ? { error: error.message } : problemDetails(error, requestId)),
  };
}

/** Whole seconds, rounded up: who comes a moment too early is refused again. */
function retryHeader({ kind, retryAfterMs }: TradewindError): Record<string, string> {
  if (retryAfterMs !== undefined)
    return { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) };
  return kind.status === 503 ? { "retry-after": "1" } : {};
}

function problemDetails(error: TradewindError, requestId: string): Record<string, unknown> {
  const { status, retryable } = error.kind;
  const { code } = error;
  return {
    type: `urn:tradewind:error:${code}`,
    title: code.replaceAll("_", " "),
    status,
    detail: error.message,
    code,
    retryable,
    request_id: requestId,
  };
}
