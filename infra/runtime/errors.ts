export type Blame = "caller" | "backend" | "us";

export type ErrorKind = {
  /** What a client of the gateway sees. */
  readonly status: number;
  /** May the same request be tried on another backend, or again later? */
  readonly retryable: boolean;
  /** Whose fault it is: a breaker counts only `backend`, an alert only `us`. */
  readonly blame: Blame;
};

/** Every way a request or a process can fail; `gateway/ERRORS.md` explains each, and a test holds the two together. */
export const catalogue = {
  body_empty: { status: 400, retryable: false, blame: "caller" },
  body_incomplete: { status: 400, retryable: false, blame: "caller" },
  request_malformed: { status: 400, retryable: false, blame: "caller" },
  key_missing: { status: 401, retryable: false, blame: "caller" },
  key_invalid: { status: 401, retryable: false, blame: "caller" },
  key_expired: { status: 401, retryable: false, blame: "caller" },
  token_invalid: { status: 401, retryable: false, blame: "caller" },
  budget_exhausted: { status: 402, retryable: false, blame: "caller" },
  forbidden: { status: 403, retryable: false, blame: "caller" },
  enrolment_refused: { status: 401, retryable: false, blame: "caller" },
  proof_refused: { status: 401, retryable: false, blame: "caller" },
  proof_stale: { status: 401, retryable: true, blame: "caller" },
  device_revoked: { status: 403, retryable: false, blame: "caller" },
  origin_forbidden: { status: 403, retryable: false, blame: "caller" },
  route_unknown: { status: 404, retryable: false, blame: "caller" },
  model_unknown: { status: 404, retryable: false, blame: "caller" },
  version_unknown: { status: 404, retryable: false, blame: "caller" },
  record_unknown: { status: 404, retryable: false, blame: "caller" },
  method_not_allowed: { status: 405, retryable: false, blame: "caller" },
  record_exists: { status: 409, retryable: false, blame: "caller" },
  idempotency_in_progress: { status: 409, retryable: true, blame: "caller" },
  body_too_slow: { status: 408, retryable: true, blame: "caller" },
  body_too_large: { status: 413, retryable: false, blame: "caller" },
  image_too_large: { status: 413, retryable: false, blame: "caller" },
  image_type_unsupported: { status: 415, retryable: false, blame: "caller" },
  encoding_unsupported: { status: 415, retryable: false, blame: "caller" },
  image_undecodable: { status: 422, retryable: false, blame: "caller" },
  parameter_invalid: { status: 422, retryable: false, blame: "caller" },
  task_unsupported: { status: 422, retryable: false, blame: "caller" },
  images_too_many: { status: 422, retryable: false, blame: "caller" },
  url_refused: { status: 422, retryable: false, blame: "caller" },
  url_unreachable: { status: 422, retryable: false, blame: "caller" },
  idempotency_key_reused: { status: 422, retryable: false, blame: "caller" },
  request_rejected: { status: 422, retryable: false, blame: "caller" },
  rate_limited: { status: 429, retryable: true, blame: "caller" },
  concurrency_limited: { status: 429, retryable: true, blame: "caller" },
  quota_exhausted: { status: 429, retryable: false, blame: "caller" },
  caller_left: { status: 499, retryable: false, blame: "caller" },
  backend_unreachable: { status: 502, retryable: true, blame: "backend" },
  backend_failed: { status: 502, retryable: true, blame: "backend" },
  backend_answer_invalid: { status: 502, retryable: true, blame: "backend" },
  backend_full: { status: 503, retryable: true, blame: "backend" },
  queue_timeout: { status: 503, retryable: true, blame: "backend" },
  backend_none: { status: 503, retryable: true, blame: "us" },
  model_not_ready: { status: 503, retryable: true, blame: "us" },
  overloaded: { status: 503, retryable: true, blame: "us" },
  draining: { status: 503, retryable: true, blame: "us" },
  limits_unavailable: { status: 503, retryable: true, blame: "us" },
  deadline_exceeded: { status: 504, retryable: false, blame: "backend" },
  not_cached: { status: 504, retryable: false, blame: "caller" },
  internal: { status: 500, retryable: false, blame: "us" },
  config_invalid: { status: 500, retryable: false, blame: "us" },
  model_unusable: { status: 500, retryable: false, blame: "us" },
  port_unavailable: { status: 500, retryable: false, blame: "us" },
  folder_unusable: { status: 500, retryable: false, blame: "us" },
  blob_missing: { status: 500, retryable: false, blame: "us" },
  blob_invalid: { status: 500, retryable: false, blame: "us" },
  blob_unavailable: { status: 500, retryable: true, blame: "us" },
  database_unavailable: { status: 500, retryable: true, blame: "us" },
  soft_state_unavailable: { status: 500, retryable: true, blame: "us" },
  provider_forbidden: { status: 500, retryable: false, blame: "us" },
  provider_missing: { status: 500, retryable: false, blame: "us" },
  provider_refused: { status: 500, retryable: false, blame: "us" },
  provider_unsupported: { status: 500, retryable: false, blame: "us" },
  provider_conflict: { status: 500, retryable: true, blame: "us" },
  provider_quota: { status: 500, retryable: true, blame: "us" },
  provider_full: { status: 500, retryable: true, blame: "us" },
  provider_throttled: { status: 500, retryable: true, blame: "us" },
  provider_unavailable: { status: 500, retryable: true, blame: "us" },
  provider_answer_invalid: { status: 500, retryable: true, blame: "us" },
  signing_refused: { status: 500, retryable: false, blame: "us" },
  repository_refused: { status: 500, retryable: false, blame: "us" },
  repository_expired: { status: 500, retryable: true, blame: "us" },
  repository_unreachable: { status: 500, retryable: true, blame: "us" },
  network_captive: { status: 500, retryable: true, blame: "us" },
  disk_full: { status: 500, retryable: true, blame: "us" },
  self_test_failed: { status: 500, retryable: false, blame: "us" },
  agent_running: { status: 500, retryable: false, blame: "us" },
  fleet_frozen: { status: 409, retryable: true, blame: "caller" },
  not_leader: { status: 500, retryable: true, blame: "us" },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof catalogue;

export type ErrorDetails = {
  readonly cause?: unknown;
  /** What the person who reads the message can do about it. */
  readonly hint?: string;
  /** When the same request would have another answer, as far as that is known. */
  readonly retryAfterMs?: number;
  /** What the answer says beside the message, such as where the caller's limits stand. */
  readonly headers?: Readonly<Record<string, string>>;
};

/**
 * The one error that crosses folders. Its message is written for the reader named by the code's blame,
 * so it may be shown to a client; whatever a library said stays in `cause` and never leaves the process.
 */
export class TradewindError extends Error {
  override readonly name = "TradewindError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(code: ErrorCode, message: string, { cause, hint, retryAfterMs, headers }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
    this.retryAfterMs = retryAfterMs;
    this.headers = headers;
  }

  get kind(): ErrorKind {
    return catalogue[this.code];
  }
}

/** Gives every thrown thing a code: ours passes through, anything else becomes `internal` with a message that tells nothing. */
export function asTradewindError(thrown: unknown): TradewindError {
  if (thrown instanceof TradewindError) return thrown;
  return new TradewindError("internal", "something went wrong on our side", { cause: thrown });
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(catalogue, text);
}
