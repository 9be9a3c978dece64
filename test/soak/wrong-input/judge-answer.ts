import { catalogue, isErrorCode } from "#infra/runtime/errors.ts";
import type { WrongRequest } from "./compose.ts";
import type { Answer } from "./send.ts";

/** A gateway under fire may be full; anything else in the five hundreds means that the input broke something. */
const busy: ReadonlySet<string> = new Set(["overloaded", "backend_full", "deadline_exceeded"]);

/** What Node's own parser says before any of our code has seen a request. */
const fromParser: ReadonlySet<number> = new Set([400, 408, 413, 417, 431, 505]);

/** What is wrong with this answer to this request, or undefined when it is as promised. */
export function judgeAnswer(request: WrongRequest, answer: Answer): string | undefined {
  if (answer.outcome === "refused") return "the gateway no longer accepts connections";
  if (answer.outcome === "hung") return "neither an answer nor an end within the time";
  if (answer.outcome === "closed") return request.unframed ? undefined : "closed without an answer";
  return judgeStatus(request, answer);
}

type Answered = Extract<Answer, { outcome: "answered" }>;

function judgeStatus(request: WrongRequest, answer: Answered): string | undefined {
  const { status, body } = answer;
  if (status >= 200 && status < 400) return request.mayPass ? undefined : `let through with status ${status}`;
  if (status < 400) return `answered with status ${status}`;
  if (body === "" && (fromParser.has(status) || request.kind === "odd method")) return undefined;
  return answer.type.startsWith("application/problem+json") ? judgeProblem(answer) : judgePlainError(answer);
}

function judgeProblem({ status, body }: Answered): string | undefined {
  const problem = parseObject(body);
  const code = problem?.code;
  if (typeof code !== "string" || !isErrorCode(code))
    return `status ${status} with an unknown code: ${show(body)}`;
  if (catalogue[code].status !== status) return `status ${status} does not belong to ${code}`;
  if (status >= 500 && !busy.has(code)) return `status ${status}: ${show(body)}`;
  if (typeof problem?.detail !== "string" && typeof problem?.title !== "string")
    return `no sentence in ${show(body)}`;
  return undefined;
}

/** Under /v2 the Open Inference Protocol wants `{"error": "..."}`. */
function judgePlainError({ status, body }: Answered): string | undefined {
  if (typeof parseObject(body)?.error !== "string")
    return `status ${status} without a catalogue code: ${show(body)}`;
  return status >= 500 && status !== 503 && status !== 504 ? `status ${status}: ${show(body)}` : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function show(body: string): string {
  return JSON.stringify(body.slice(0, 200));
}
