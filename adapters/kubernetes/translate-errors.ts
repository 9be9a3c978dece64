import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";

/** What was asked of the API server, as a Role has it, and where. */
export type Asked = { readonly permission: string; readonly namespace: string };

export type Refused = {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** A `Status` of the API in JSON, as a rule. */
  readonly body: string;
};

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "provider_refused",
  401: "provider_forbidden",
  403: "provider_forbidden",
  404: "provider_missing",
  409: "provider_conflict",
  // What was heard of is too long ago: whoever listens must look anew.
  410: "provider_unavailable",
  422: "provider_refused",
  429: "provider_throttled",
};

/** The API server's "no" in our words, with its own sentence for the operator. */
export function refusal(
  { permission, namespace }: Asked,
  { status, retryAfter, body }: Refused,
): TradewindError {
  const code = codes[status] ?? (status >= 500 ? "provider_unavailable" : "provider_answer_invalid");
  const said = sentenceOf(body);
  const cause = new Error(`status ${status}: ${body.slice(0, 500)}`);
  const seconds = /^\d{1,4}$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  const details = { cause, ...(seconds !== undefined && { retryAfterMs: 1_000 * Math.min(seconds, 60) }) };
  const message = `Kubernetes answered "${permission}" in ${namespace} with ${status}${said}`;
  if (code !== "provider_forbidden") return new TradewindError(code, message, details);
  return new TradewindError(code, `${message}: may not ${permission} in namespace ${namespace}`, {
    ...details,
    hint:
      status === 401
        ? "the token of this process is not accepted: see the kubeconfig's user or the service account"
        : `give its Role the verb and resource: ${permission}`,
  });
}

/** Whatever was thrown on the way to the API server or in its answer. */
export function translated(thrown: unknown, asked: Asked, signal: AbortSignal): TradewindError {
  if (thrown instanceof TradewindError) return thrown;
  if (signal.aborted) {
    if (signal.reason instanceof TradewindError) return signal.reason;
    return new TradewindError("deadline_exceeded", `"${asked.permission}" had no answer in time`, {
      cause: thrown,
    });
  }
  const { code } = thrown as { readonly code?: unknown };
  const isTransport = typeof code === "string";
  const message = isTransport
    ? `the API server cannot be reached: ${code}`
    : `the API server's answer to "${asked.permission}" cannot be understood`;
  return new TradewindError(isTransport ? "provider_unavailable" : "provider_answer_invalid", message, {
    cause: thrown,
  });
}

function sentenceOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { readonly message?: unknown };
    return typeof message === "string" ? ` (${message.slice(0, 300)})` : "";
  } catch {
    return "";
  }
}
