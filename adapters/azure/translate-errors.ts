import { type ErrorCode, type ErrorDetails, TradewindError } from "#infra/runtime/errors.ts";
import type { ArmCall } from "./arm-call.ts";

/** What an SDK of Azure threw, or the reason for which we gave up. */
export function armFailure(error: unknown, { action, signal }: ArmCall): TradewindError {
  if (error instanceof TradewindError) return error;
  if (signal.aborted) return givenUp(action, signal, error);
  const said = read(error);
  const rule = rules.find(({ holds }) => holds(said));
  if (rule) return rule.say(said, action);
  const what = `the answer to ${action} is not what Azure documents`;
  return failure("provider_answer_invalid", said, what);
}

/** As much of a foreign error as is believed. */
type Said = {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  readonly cause: unknown;
};

type Rule = {
  readonly holds: (said: Said) => boolean;
  readonly say: (said: Said, action: string) => TradewindError;
};

const fullCodes =
  /SkuNotAvailable|AllocationFailed|OverconstrainedAllocation|CapacityNotAvailable|InsufficientCapacity|NoAvailableCapacity/i;
const fullWords = /no available instances to satisfy|increase capacity|not have enough capacity/i;
const quotaCodes = /Quota|LimitExceeded|LimitReached|MaxNumberOf|ExceededMax/i;
const quotaWords = /additional quota|quota.{0,40}exceeded|exceed.{0,40}quota/i;

/** The first that holds: a quota or a full region comes under many statuses, so their words are looked for first. */
const rules: readonly Rule[] = [
  {
    holds: ({ name }) => /Credential|Authentication(Required)?Error/.test(name),
    say: (said, action) =>
      failure("provider_forbidden", said, `no identity for Azure was found to ask for ${action}`, {
        hint: "give the process a managed identity, or the variables that @azure/identity reads",
      }),
  },
  {
    holds: ({ status, code }) => status === 429 && !quotaCodes.test(code),
    say: (said, action) =>
      failure("provider_throttled", said, `Azure throttled ${action}`, retryAfter(said.retryAfter)),
  },
  {
    holds: ({ code, message }) => fullCodes.test(code) || fullWords.test(message),
    say: (said, action) => failure("provider_full", said, `Azure has no room for ${action} (${said.code})`),
  },
  {
    holds: ({ code, message }) => quotaCodes.test(code) || quotaWords.test(message),
    say: (said, action) =>
      failure("provider_quota", said, `the quota ${quotaName(said)} does not let ${action} have more`, {
        hint: "ask Azure for more of this quota, or use another region",
      }),
  },
  {
    holds: ({ status }) => status === 401 || status === 403,
    say: (said, action) =>
      failure("provider_forbidden", said, `the identity may not ${actionOf(said) ?? action}`, {
        hint: "give its role this action in the resource group",
      }),
  },
  {
    holds: ({ status }) => status === 404,
    say: (said, action) => failure("provider_missing", said, `Azure does not have what ${action} is for`),
  },
  {
    holds: ({ message }) => /did not respond to http ping/i.test(message),
    say: (said, action) =>
      failure("provider_refused", said, `the slot never answered its warm-up, so ${action} was given up`, {
        hint: "where Microsoft Entra stands before the app, let /v2/health/ready past it",
      }),
  },
  {
    holds: ({ status }) => status === 409 || status === 412,
    say: (said, action) =>
      failure("provider_conflict", said, `something else changes there, so ${action} was refused`),
  },
  {
    holds: ({ code }) => code === "PARSE_ERROR",
    say: (said, action) =>
      failure("provider_answer_invalid", { ...said, message: "" }, `the answer to ${action} cannot be read`),
  },
  {
    holds: ({ status = 0 }) => status === 408 || status >= 500,
    say: (said, action) => failure("provider_unavailable", said, `Azure could not do ${action} now`),
  },
  {
    holds: ({ status = 0 }) => status >= 400,
    say: (said, action) => failure("provider_refused", said, `Azure refused ${action}`),
  },
];

function givenUp(action: string, { reason }: AbortSignal, cause: unknown): TradewindError {
  if (reason instanceof TradewindError) return reason;
  return new TradewindError("deadline_exceeded", `${action} did not end within the deadline`, { cause });
}

/** An operation that failed after it was taken has its code only in a sentence. */
const operationFailed = /^The long-running operation has failed\. (\w{1,100})\. ([\s\S]*)$/;

function read(error: unknown): Said {
  const given = (typeof error === "object" && error !== null ? error : {}) as Readonly<
    Record<string, unknown>
  >;
  const text = typeof given.message === "string" ? given.message : String(error);
  const [, failedCode, failedMessage] = operationFailed.exec(text) ?? [];
  const code = failedCode ?? (typeof given.code === "string" ? given.code : "");
  return {
    name: typeof given.name === "string" ? given.name : "",
    code: code.slice(0, 200),
    message: (failedMessage ?? text).slice(0, 500),
    status: failedCode === undefined ? statusOf(given) : (statuses[failedCode] ?? 400),
    retryAfter: retryAfterOf(given),
    cause: error,
  };
}

/** What the same codes come with where they are an answer of their own. */
const statuses: Readonly<Record<string, number>> = {
  AuthorizationFailed: 403,
  Conflict: 409,
  InternalServerError: 500,
  LinkedAuthorizationFailed: 403,
  ResourceNotFound: 404,
  ServiceUnavailable: 503,
};

function statusOf(given: Readonly<Record<string, unknown>>): number | undefined {
  if (typeof given.statusCode === "number") return given.statusCode;
  const isLost = typeof given.code === "string" && given.code !== "PARSE_ERROR";
  return isLost ? 503 : undefined;
}

function retryAfterOf({ response }: Readonly<Record<string, unknown>>): string | undefined {
  const headers = (response as { readonly headers?: { readonly get?: unknown } } | undefined)?.headers;
  if (typeof headers?.get !== "function") return undefined;
  const said: unknown = headers.get("retry-after");
  return typeof said === "string" ? said : undefined;
}

/** One that asks for more patience than this is asked again sooner all the same. */
const longestRetrySeconds = 600;

function retryAfter(said: string | undefined): { readonly retryAfterMs?: number } {
  if (said === undefined || !/^\d{1,9}$/.test(said)) return {};
  return { retryAfterMs: 1_000 * Math.min(Number(said), longestRetrySeconds) };
}

function actionOf({ message }: Said): string | undefined {
  return /action\(?s?\)? '([\w.*/,' -]{1,200}?)'/.exec(message)?.[1];
}

/** App Service names it only within its sentence: `Current Limit (P1v3 VMs): 0`. */
function quotaName({ code, message }: Said): string {
  return (
    /Limit \(([\w ().-]{1,60})\):/.exec(message)?.[1] ?? /quota '([\w .-]{1,80})'/i.exec(message)?.[1] ?? code
  );
}

function failure(code: ErrorCode, said: Said, what: string, details: ErrorDetails = {}): TradewindError {
  const quoted = said.message === "" ? what : `${what}: ${said.message}`;
  return new TradewindError(code, quoted, { ...details, cause: said.cause });
}
