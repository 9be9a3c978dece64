import { catalogue, type ErrorCode, isErrorCode } from "#infra/runtime/errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Answer } from "../protocol/read-answers.ts";
import { allowedOrigin, type Target, type WrongRequest } from "./compose.ts";
import { type Detections, detectionsIn, sameDetections } from "./detections.ts";

export type Promised = {
  /** What is in the good image; no answer is held against it where it is not known yet. */
  readonly sees?: Detections;
  readonly target: Pick<Target, "key" | "limitedKey">;
};

/** What is wrong with what came back, or undefined when it is as promised. */
export function judgeAnswer(
  request: WrongRequest,
  exchange: Exchange,
  promised: Promised,
): string | undefined {
  if (exchange.outcome === "refused") return "the gateway no longer accepts connections";
  if (exchange.outcome === "hung") return "neither an answer nor an end within the time";
  if (exchange.outcome === "cut") return undefined;
  const { answers, rest } = exchange;
  if (rest.length > 0) return `what came is no whole answer: ${show(rest)}`;
  const tooMany = answers.length > request.requests && !request.unframed;
  if (tooMany || (!request.unframed && answers.length < request.requests))
    return `${answers.length} answers to ${request.requests} requests`;
  const wrong = answers.map((answer, place) => {
    const isGood = request.isGood || request.goodAt.includes(place);
    return judgeOne({ ...request, isGood }, answer, promised);
  });
  return wrong.find((each) => each !== undefined);
}

function judgeOne(request: WrongRequest, answer: Answer, promised: Promised): string | undefined {
  const { status, body } = answer;
  const wrong =
    judgeSecrets(answer, promised) ??
    judgeTrace(answer) ??
    (status < 400 ? judgeSuccess(request, answer, promised) : judgeRefusal(request, answer));
  return wrong && `${wrong}; status ${status} with ${show(body)}`;
}

/** No key comes back, wherever it was sent. */
function judgeSecrets({ headers, body }: Answer, { target }: Promised): string | undefined {
  const shown = [...headers.values(), body.toString("latin1")];
  const isTold = [target.key, target.limitedKey].some((key) => shown.some((text) => text.includes(key)));
  return isTold ? "the key is in the answer" : undefined;
}

/** Whatever reached our code has an id and a place in a trace, both harmless in a header however they came. */
function judgeTrace(answer: Answer): string | undefined {
  const { headers, status } = answer;
  if (isFromNode(answer)) return undefined;
  if (!/^[\w.:-]{1,128}$/.test(headers.get("x-request-id") ?? "")) return "no request id";
  const isTraced = /^00-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(headers.get("traceparent") ?? "");
  return isTraced ? undefined : `no place in a trace (${status})`;
}

/** What never became a request, as far as our code is concerned. */
function isFromNode({ status, headers }: Answer): boolean {
  return (status === 400 || status === 408 || status === 417) && !headers.has("x-request-id");
}

const successes: ReadonlySet<number> = new Set([200, 201, 204, 304]);

function judgeSuccess(request: WrongRequest, answer: Answer, { sees }: Promised): string | undefined {
  const { status, headers, body } = answer;
  if (!successes.has(status)) return "an unexpected status";
  if (!request.mayPass && !request.unframed) return "let through";
  const origin = headers.get("access-control-allow-origin");
  if (origin !== undefined && origin !== allowedOrigin) return `open to pages of ${origin}`;
  if (!headers.get("content-type")?.startsWith("application/json") || isHead(request)) return undefined;
  const value = parsed(body);
  if (value === undefined && !headers.has("inference-header-content-length"))
    return "an answer that is no JSON";
  const failed = errorsIn(value).map((error) => judgeInside(request, error));
  const wrong = failed.find((each) => each !== undefined);
  if (wrong || !request.isGood || sees === undefined) return wrong;
  const found = detectionsIn(value);
  const isRight = found.length > 0 && found.every((one) => sameDetections(one, sees));
  return isRight ? undefined : "not what is in the good image";
}

/** An image that failed in a list says why as the whole request would have. */
function judgeInside(request: WrongRequest, { code, status, detail }: Refusal): string | undefined {
  if (typeof code !== "string" || !isErrorCode(code)) return "an unknown code of an image";
  if (catalogue[code].status !== status) return `the status of an image is not that of ${code}`;
  return judgeCode(request, code) ?? judgeMessage(request, detail);
}

type Refusal = Readonly<Record<"code" | "status" | "detail", unknown>>;

function errorsIn(value: unknown): readonly Refusal[] {
  const images = typeof value === "object" && value !== null && "images" in value ? value.images : undefined;
  if (!Array.isArray(images)) return [];
  return images.flatMap(({ error }: { readonly error?: Refusal }) => (error ? [error] : []));
}

/** A gateway under fire may be full, and its backend too; anything else in the five hundreds means that the input broke something. */
const busy: ReadonlySet<string> = new Set(["overloaded", "backend_full", "queue_timeout"]);

function judgeRefusal(request: WrongRequest, answer: Answer): string | undefined {
  const { status, headers, body } = answer;
  if (body.length === 0) return judgeSilent(request, answer);
  const value = parsed(body);
  const isProblem = headers.get("content-type") === "application/problem+json";
  const form = isProblem ? "problem" : "protocol";
  if (!formsOf(request).has(form) && !isFromNode(answer)) return `the form of an answer elsewhere (${form})`;
  if (status === 401 && !headers.get("www-authenticate")?.startsWith("Bearer"))
    return "a 401 without a challenge";
  if (status === 405 && !headers.get("allow")) return "a 405 that names no verb";
  if ((status === 429 || status === 503) && !/^\d+$/.test(headers.get("retry-after") ?? ""))
    return "no word when to try again";
  const told = isProblem ? value?.detail : value?.error;
  return (
    (isProblem ? judgeProblem(request, status, value) : judgePlainError(request, status)) ??
    judgeMessage(request, told)
  );
}

/** HEAD has no body; and what lacks a host, or expects what Node does not know, Node refuses before any of our code sees it. */
function judgeSilent(request: WrongRequest, { status }: Answer): string | undefined {
  if (status === 417 && shows(request, "expect:")) return undefined;
  if (status === 400 && !shows(request, "\r\nhost:")) return undefined;
  if (!isHead(request)) return "a refusal without a word";
  return judgePlainError(request, status);
}

function judgeProblem(
  request: WrongRequest,
  status: number,
  problem: Readonly<Record<string, unknown>> | undefined,
): string | undefined {
  const code = problem?.code;
  if (typeof code !== "string" || !isErrorCode(code)) return "an unknown code";
  if (problem?.status !== status || catalogue[code].status !== status)
    return `the status is not that of ${code}`;
  if (typeof problem.title !== "string" || problem.type !== `urn:tradewind:error:${code}`)
    return "no problem of the catalogue";
  return judgeCode(request, code);
}

/** Failures of ours, and what only some requests may be told. */
function judgeCode(request: WrongRequest, code: ErrorCode): string | undefined {
  if (request.allows.includes(code) || busy.has(code)) return undefined;
  if (catalogue[code].status >= 500) return `an undocumented five hundred, ${code}`;
  if (catalogue[code].status === 429) return `a limit that nobody set, ${code}`;
  return request.isGood ? "a good request is refused" : undefined;
}

/** Without the code: under /v2 the Open Inference Protocol wants `{"error": "..."}`. */
function judgePlainError(request: WrongRequest, status: number): string | undefined {
  const codes = Object.entries(catalogue).filter(([, kind]) => kind.status === status);
  if (codes.length === 0) return "a status that no code has";
  const wrong = codes.map(([code]) => judgeCode(request, code as ErrorCode));
  return wrong.includes(undefined) ? undefined : wrong[0];
}

const longestMessage = 4_000;

/** What a library or the machine said of itself has no place in an answer. */
const foreign =
  /\bat .*\.[jt]s:\d|node:|node_modules|\/(tmp|home|root|proc|usr|etc)\/|onnxruntime|protobuf|vips|zlib|undici|hono|ENOENT|EACCES|ERR_|HPE_|SyntaxError|TypeError|RangeError|Unexpected token|\[object |postgres|pg_|violates|something went wrong/i;

function judgeMessage({ bytes }: WrongRequest, message: unknown): string | undefined {
  if (typeof message !== "string" || message === "") return "a refusal without a sentence";
  if (message.length > longestMessage) return `a message of ${message.length} characters`;
  const said = foreign.exec(message)?.[0];
  // A message may repeat what the caller said, who may have said it percent-encoded.
  const isRepeated = said !== undefined && bytes.some((piece) => decoded(piece).includes(said));
  return said === undefined || isRepeated ? undefined : `a message that tells of our inside (${said})`;
}

function decoded(piece: Buffer): string {
  return piece
    .toString("latin1")
    .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** In which form a refusal may come: by the path, where there is one that can be understood in one way alone. */
function formsOf(request: WrongRequest): ReadonlySet<string> {
  const [, target = "*"] = requestLine(request).split(" ");
  const isPlain =
    request.requests === 1 && /^\/(?!\/)[^%\\]*$/.test(target) && URL.canParse(target, "http://x");
  if (!isPlain) return eitherForm;
  const { pathname } = new URL(target, "http://x");
  return /^\/v2(\/|$)/.test(pathname) ? protocolForm : problemForm;
}

const eitherForm = new Set(["problem", "protocol"]);
const protocolForm = new Set(["protocol"]);
const problemForm = new Set(["problem"]);

function isHead(request: WrongRequest): boolean {
  return requestLine(request).startsWith("HEAD ");
}

function requestLine({ bytes: [first] }: WrongRequest): string {
  const end = first?.indexOf("\r\n") ?? -1;
  return first?.toString("latin1", 0, end < 0 ? first.length : end) ?? "";
}

function shows({ bytes }: WrongRequest, text: string): boolean {
  return bytes.some((piece) => piece.includes(text));
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function show(body: Buffer): string {
  return JSON.stringify(body.toString("utf8", 0, 300));
}
