import type { ErrorCode } from "#infra/runtime/errors.ts";

/** A code of the catalogue, or `unknown` where something between us and the gateway answered in words of its own. */
export type ProblemCode = ErrorCode | "unknown";

export type ProblemDetails = {
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
};

/** Why the gateway gave no answer; `code` is what a program should look at, `detail` is for people. */
export class TradewindProblem extends Error {
  override readonly name = "TradewindProblem";
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string;
  /** Whether the same request may succeed later; if it did not within the client's retries, that is for you to decide. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** What whoever runs the gateway will ask for. */
  readonly requestId: string | undefined;

  constructor({ code, status, detail, retryable, retryAfterMs, requestId }: ProblemDetails) {
    super(`${code} (${status}): ${detail}`);
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.requestId = requestId;
  }
}

/** What an answer that is none says, whoever wrote it. */
export function problemOf(
  { status, headers }: Pick<Response, "status" | "headers">,
  text: string,
): TradewindProblem {
  const requestId = headers.get("x-request-id") ?? undefined;
  const retryAfterMs = readRetryAfter(headers);
  const said = detailsIn(text);
  if (said) return new TradewindProblem({ ...said, status, retryAfterMs, requestId });
  return new TradewindProblem({
    code: "unknown",
    status,
    detail: `an answer that is not the gateway's: ${text.slice(0, 200)}`,
    // What proxies say of a gateway that is being replaced.
    retryable: [429, 502, 503, 504].includes(status),
    retryAfterMs,
    requestId,
  });
}

function detailsIn(text: string): Pick<ProblemDetails, "code" | "detail" | "retryable"> | undefined {
  const said = parsed(text) as Partial<Record<string, unknown>> | null | undefined;
  const { code, detail, retryable } = said ?? {};
  if (typeof code !== "string" || typeof detail !== "string") return undefined;
  // A gateway newer than this client may know a code that this client doesn't.
  return { code: code as ErrorCode, detail, retryable: retryable === true };
}

/** Undefined for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds, or a moment, which is held against the moment that the same answer names as its own. */
function readRetryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const ms = Date.parse(value) - Date.parse(headers.get("date") ?? "");
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
