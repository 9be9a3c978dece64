import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";

/** What was asked, in the words of the provider's permissions and of whoever looks after the place. */
export type AskedOfEcs = {
  /** Such as `ecs:UpdateService`. */
  readonly action: string;
  /** Such as `service detect in cluster vision`. */
  readonly what: string;
  readonly signal: AbortSignal;
};

/** Whatever the SDK threw becomes one of ours, which says what to do about it. */
export function translateError(thrown: unknown, asked: AskedOfEcs): TradewindError {
  if (thrown instanceof TradewindError) return thrown;
  const { signal, action } = asked;
  if (signal.aborted && signal.reason instanceof TradewindError) return signal.reason;
  if (signal.aborted)
    return new TradewindError("deadline_exceeded", `no answer to ${action} within the deadline`, {
      cause: thrown,
    });
  const said = read(thrown);
  const { code, message, hint } = meaningOf(said, asked);
  const retryAfterMs = retryAfterOf(said);
  return new TradewindError(code, message, {
    cause: thrown,
    ...(hint !== undefined && { hint }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

type Said = {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly retryAfter: unknown;
};

type Meaning = { readonly code: ErrorCode; readonly message: string; readonly hint?: string };

function read(thrown: unknown): Said {
  const error = isObject(thrown) ? thrown : {};
  const metadata = isObject(error.$metadata) ? error.$metadata : {};
  const response = isObject(error.$response) ? error.$response : {};
  const headers = isObject(response.headers) ? response.headers : {};
  const status = metadata.httpStatusCode ?? response.statusCode;
  return {
    name: typeof error.name === "string" ? error.name.slice(0, 100) : "Error",
    message: sentence(typeof error.message === "string" ? error.message : String(thrown)),
    status: typeof status === "number" ? status : undefined,
    retryAfter: headers["retry-after"],
  };
}

function isObject(thing: unknown): thing is Readonly<Record<string, unknown>> {
  return typeof thing === "object" && thing !== null;
}

/** What a cloud says is quoted for operators only, and not without an end. */
function sentence(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 400);
}

function meaningOf(said: Said, asked: AskedOfEcs): Meaning {
  const { name, message, status } = said;
  const { action, what } = asked;
  if (isQuota(said)) return quota(said, asked);
  if (/capacity is unavailable/i.test(message))
    return { code: "provider_full", message: `ECS has no room for ${what} now: ${message}` };
  if (isThrottling(said))
    return { code: "provider_throttled", message: `ECS throttles ${action}: ${message}` };
  const code = byName.get(name);
  if (code === "provider_forbidden" || status === 401 || status === 403) return forbidden(said, asked);
  if (/unable to describe task definition/i.test(message))
    return { code: "provider_missing", message: `ECS finds no such task definition: ${message}` };
  if (code === "provider_missing") return { code, message: `ECS does not find ${what}: ${message}` };
  if (code !== undefined) return { code, message: `ECS did not do ${action} for ${what}: ${message}` };
  if (unreadable.has(name) || (status !== undefined && status < 300))
    return { code: "provider_answer_invalid", message: `ECS answered ${action} with something unreadable` };
  if (status !== undefined && status >= 400 && status < 500)
    return { code: "provider_refused", message: `ECS did not do ${action} for ${what}: ${message}` };
  return { code: "provider_unavailable", message: `ECS cannot be reached for ${action}: ${message}` };
}

const unreadable: ReadonlySet<string> = new Set(["SyntaxError", "RangeError", "TypeError"]);

const byName: ReadonlyMap<string, ErrorCode> = new Map([
  ...rows("provider_forbidden", [
    "AccessDeniedException",
    "AccessDenied",
    "BlockedException",
    "CredentialsProviderError",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "UnrecognizedClientException",
  ]),
  ...rows("provider_missing", [
    "ClusterNotFoundException",
    "ResourceNotFoundException",
    "ServiceDeploymentNotFoundException",
    "ServiceNotActiveException",
    "ServiceNotFoundException",
  ]),
  ...rows("provider_conflict", ["ConflictException", "ResourceInUseException", "UpdateInProgressException"]),
  ...rows("provider_unsupported", [
    "PlatformTaskDefinitionIncompatibilityException",
    "PlatformUnknownException",
    "UnsupportedFeatureException",
  ]),
  ...rows("provider_refused", ["ClientException", "InvalidParameterException", "ValidationException"]),
  ...rows("provider_unavailable", ["InternalFailure", "ServerException", "ServiceUnavailable"]),
]);

function rows(code: ErrorCode, names: readonly string[]): readonly (readonly [string, ErrorCode])[] {
  return names.map((name) => [name, code]);
}

function isQuota({ name, message }: Said): boolean {
  if (/^(ServiceQuotaExceeded|LimitExceeded|AttributeLimitExceeded)/.test(name)) return true;
  return /reached the limit on|quota .*exceeded|exceeds? .*quota/i.test(message);
}

function isThrottling({ name, message, status }: Said): boolean {
  if (/^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|RequestThrottled)/.test(name)) return true;
  return status === 429 || /^rate exceeded/i.test(message);
}

/** The name of a quota as the account's list of quotas has it, where the sentence says it. */
function quota({ message }: Said, { action }: AskedOfEcs): Meaning {
  return {
    code: "provider_quota",
    message: `a quota stands against ${action}: ${quotaNamed(message) ?? message}`,
    hint: `ask for more in Service Quotas of this region, or use another region; ECS said: ${message}`,
  };
}

export function quotaNamed(message: string): string | undefined {
  const [, limit] = /reached the limit on (?:the )?(?:number of )?([^.,]{3,80})/i.exec(message) ?? [];
  const [code] = /\bL-[A-Z0-9]{8}\b/.exec(message) ?? [];
  const named = [limit?.replace(/ (that )?you can\b.*/i, ""), code].filter((part) => part !== undefined);
  return named.length === 0 ? undefined : named.join(" ");
}

function forbidden({ name, message }: Said, { action }: AskedOfEcs): Meaning {
  if (name === "CredentialsProviderError")
    return {
      code: "provider_forbidden",
      message: `there are no AWS credentials to ask ${action} with`,
      hint: "give the process a task role, an instance profile or the variables that AWS SDKs read",
    };
  const missing = deniedAction(message) ?? action;
  return {
    code: "provider_forbidden",
    message: `this process may not do ${missing} at AWS`,
    hint: `allow ${missing} to its role; AWS said: ${message}`,
  };
}

/** Changing a service may take the permission of another one, such as `iam:PassRole`. */
export function deniedAction(message: string): string | undefined {
  return /not authorized to perform:? ([a-z0-9-]{2,40}:[A-Za-z]{2,80})/.exec(message)?.[1];
}

/** Nobody is waited for longer than this, whatever is asked. */
const longestRetrySeconds = 60;

function retryAfterOf({ retryAfter }: Said): number | undefined {
  if (typeof retryAfter !== "string" || !/^\d{1,9}$/.test(retryAfter)) return undefined;
  return 1_000 * Math.min(Number(retryAfter), longestRetrySeconds);
}
