import { catalogue, type ErrorCode } from "#infra/runtime/errors.ts";
import { type AnswerHeader, headerReferences, onEveryAnswer } from "./headers.ts";

/** Of whoever shows a key, a token, or neither where one is wanted. */
export const keyProblems = [
  "key_missing",
  "key_invalid",
  "key_expired",
  "token_invalid",
  "origin_forbidden",
] as const satisfies readonly ErrorCode[];

/** Of a body that is read under bounds. */
export const bodyProblems = [
  "body_empty",
  "body_incomplete",
  "body_too_slow",
  "body_too_large",
  "request_malformed",
] as const satisfies readonly ErrorCode[];

/** Of whatever a backend is asked. */
export const backendProblems = [
  "backend_unreachable",
  "backend_failed",
  "backend_answer_invalid",
  "backend_full",
  "backend_none",
  "deadline_exceeded",
  "overloaded",
  "request_rejected",
] as const satisfies readonly ErrorCode[];

/** Of whatever counts against limits. */
export const limitProblems = [
  "rate_limited",
  "concurrency_limited",
  "quota_exhausted",
  "budget_exhausted",
  "limits_unavailable",
] as const satisfies readonly ErrorCode[];

export type ProblemResponse = {
  readonly description: string;
  readonly headers: Readonly<Record<string, object>>;
  readonly content: Readonly<Record<string, object>>;
};

/** The answers to what goes wrong, by status, each with the codes that come with it. */
export function problemResponses(
  codes: readonly ErrorCode[],
  form: "problem" | "protocol",
): Readonly<Record<string, ProblemResponse>> {
  const byStatus = Map.groupBy(new Set<ErrorCode>([...codes, "internal"]), (code) => catalogue[code].status);
  // What is passed on is counted first, and told of that whatever becomes of it.
  const isCounted = form === "protocol" && codes.includes("rate_limited");
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      String(status),
      {
        description: some.map((code) => `\`${code}\``).join(", "),
        headers: headerReferences(
          new Set([...onEveryAnswer, ...headersBeside(status), ...(isCounted ? rateHeaders : [])]),
        ),
        content: form === "problem" ? problemContent(some) : protocolContent,
      },
    ]),
  );
}

const rateHeaders: readonly AnswerHeader[] = ["RateLimit", "RateLimit-Policy"];

function headersBeside(status: number): AnswerHeader[] {
  if (status === 401) return ["WWW-Authenticate"];
  if (status === 402 || status === 429) return ["Retry-After", ...rateHeaders];
  return status === 409 || status === 503 ? ["Retry-After"] : [];
}

/** `code` is what a program should look at. */
function problemContent(codes: readonly ErrorCode[]): ProblemResponse["content"] {
  const schema = {
    allOf: [
      { $ref: "#/components/schemas/Problem" },
      { type: "object", properties: { code: { enum: codes } } },
    ],
  };
  return { "application/problem+json": { schema } };
}

const protocolContent = {
  "application/json": { schema: { $ref: "#/components/schemas/ProtocolError" } },
};
