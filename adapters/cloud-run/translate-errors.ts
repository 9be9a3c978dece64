import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { quotaNamed } from "./name-quota.ts";

export type Asked = {
  /** The permission that the call needs. */
  readonly action: string;
  /** Fit for a message: `service digits in europe-west4`. */
  readonly what: string;
  readonly signal?: AbortSignal;
};

/** Whatever the SDK threw becomes one of ours. Its errors carry requests and headers, so of them only the words are kept. */
export function runFailure(error: unknown, asked: Asked): TradewindError {
  if (error instanceof TradewindError) return error;
  const said = readWords(error);
  const cause = new Error(said.code === undefined ? said.message : `code ${said.code}: ${said.message}`);
  const { signal } = asked;
  if (signal?.aborted && signal.reason instanceof TradewindError) return signal.reason;
  if (signal?.aborted)
    return new TradewindError("deadline_exceeded", "no answer of Cloud Run within the deadline", { cause });
  const { code, message, hint, retryAfterMs } = meaningOf(said, asked);
  return new TradewindError(code, message, {
    cause,
    ...(hint !== undefined && { hint }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

type Words = {
  /** As gRPC numbers them, over REST too. */
  readonly code: number | undefined;
  readonly message: string;
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;
  readonly isUnreadable: boolean;
};

type Meaning = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly retryAfterMs?: number | undefined;
};

/** Of a foreign sentence no more is quoted. */
const mostQuoted = 300;

function meaningOf(said: Words, { action, what }: Asked): Meaning {
  const quoted = `${what}: ${said.message}`;
  if (said.isUnreadable)
    return {
      code: "provider_answer_invalid",
      message: `${what}: Cloud Run answered with something unreadable`,
    };
  if (isAboutAmount(said.code)) {
    if (isThrottling(said)) return throttled(what, said);
    const quota = quotaOf(said);
    if (quota !== undefined) return overQuota(what, quota);
  }
  switch (said.code) {
    case 3:
    case 6:
    case 11:
      return { code: "provider_refused", message: quoted };
    case 5:
      return { code: "provider_missing", message: `${what} does not exist`, hint: said.message };
    case 9:
    case 10:
      return {
        code: "provider_conflict",
        message: `${what} was changed by somebody else meanwhile`,
        hint: said.message,
      };
    case 7:
      return forbidden(said, action, what);
    case 8:
      return throttled(what, said);
    case 12:
      return { code: "provider_unsupported", message: quoted };
    case 16:
      return {
        code: "provider_forbidden",
        message: `${what}: Google Cloud does not accept the credentials`,
        hint: said.message,
      };
    case 2:
    case 4:
    case 13:
    case 14:
    case 15:
      return {
        code: "provider_unavailable",
        message: `${what}: Cloud Run does not answer now`,
        hint: said.message,
      };
    default:
      return { code: "provider_answer_invalid", message: quoted };
  }
}

function forbidden(said: Words, action: string, what: string): Meaning {
  if (said.reason === "SERVICE_DISABLED")
    return {
      code: "provider_forbidden",
      message: `${what}: the Cloud Run API is not enabled in this project`,
      hint: "enable run.googleapis.com there",
    };
  const { permission } = said.metadata;
  const named = typeof permission === "string" ? permission : /'([\w.]+)'/.exec(said.message)?.[1];
  const missing = named?.includes(".") ? named.slice(0, 100) : action;
  return {
    code: "provider_forbidden",
    message: `${what}: this process's identity lacks the permission ${missing}`,
    hint: said.message,
  };
}

/** Quotas are refused as arguments and as preconditions too, from case to case. */
function isAboutAmount(code: number | undefined): boolean {
  return code === 3 || code === 8 || code === 9;
}

function isThrottling({ code, reason, message, metadata }: Words): boolean {
  if (code !== 8) return false;
  const { quota_limit: limit = "" } = metadata;
  return reason === "RATE_LIMIT_EXCEEDED" || /per ?(minute|second|\d+ ?seconds)/i.test(`${message} ${limit}`);
}

function quotaOf({ metadata, message }: Words): string | undefined {
  const { quota_limit: limit, quota_metric: metric } = metadata;
  const given = [limit, metric].find((name) => typeof name === "string" && name !== "");
  return typeof given === "string" ? given.slice(0, 200) : quotaNamed(message);
}

function overQuota(what: string, quota: string): Meaning {
  return {
    code: "provider_quota",
    message: `${what} would exceed the quota ${quota}`,
    hint: `ask for more of ${quota} in this project and region, or take less`,
  };
}

function throttled(what: string, { message, retryAfterMs }: Words): Meaning {
  const details = { hint: message, retryAfterMs };
  if (/\bcapacity\b|resource pool exhausted/i.test(message))
    return { code: "provider_full", message: `${what}: the region has no room at the moment`, ...details };
  return { code: "provider_throttled", message: `${what}: Cloud Run was asked too often`, ...details };
}

function readWords(error: unknown): Words {
  const thrown: Readonly<Record<string, unknown>> = isObject(error) ? error : {};
  const { code, reason, errorInfoMetadata, statusDetails, cause } = thrown;
  const message = String(thrown.message ?? error).slice(0, mostQuoted);
  return {
    code: typeof code === "number" ? code : undefined,
    message,
    reason: typeof reason === "string" ? reason : undefined,
    metadata: isObject(errorInfoMetadata) ? errorInfoMetadata : {},
    retryAfterMs: delayOf(statusDetails),
    isUnreadable: cause instanceof SyntaxError || (code === 13 && /pars|deserializ/i.test(message)),
  };
}

/** A `google.rpc.RetryInfo` among the details, if there is one. */
function delayOf(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details.slice(0, 20)) {
    const delay: unknown = isObject(detail) ? detail.retryDelay : undefined;
    if (isObject(delay) && delay.seconds !== undefined)
      return Math.min(60_000, Math.max(0, Number(delay.seconds) * 1_000 || 0));
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
