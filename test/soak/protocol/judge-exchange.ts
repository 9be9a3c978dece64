import { gunzipSync, inflateSync } from "node:zlib";
import { catalogue, type ErrorCode, isErrorCode } from "#infra/runtime/errors.ts";
import { inferResponseSchema } from "../../support/open-inference-schemas.ts";
import type { Mutated } from "./draft.ts";
import type { Exchange } from "./exchange.ts";
import type { Answer } from "./read-answers.ts";

/** What is wrong with what came back, or undefined when it is as the protocol promises. */
export function judgeExchange(request: Mutated, exchange: Exchange): string | undefined {
  if (exchange.outcome === "refused") return "the backend no longer accepts connections";
  if (exchange.outcome === "hung") return "neither an answer nor an end within the time";
  if (exchange.outcome === "cut") return undefined;
  const { answers, rest } = exchange;
  if (rest.length > 0) return `what came is no whole answer: ${shown(rest)}`;
  if (answers.length > request.requests) return `${answers.length} answers to ${request.requests} requests`;
  if (!request.unframed && answers.length < request.requests)
    return `${answers.length} answers to ${request.requests} requests`;
  return answers.map((answer) => judgeAnswer(request, answer)).find((wrong) => wrong !== undefined);
}

const problem = "application/problem+json";

function judgeAnswer(request: Mutated, answer: Answer): string | undefined {
  const { status, body } = answer;
  const wrong = status < 400 ? judgeSuccess(request, answer) : judgeRefusal(request, answer);
  return wrong && `${wrong}; status ${status} with ${shown(body)}`;
}

/** What Node's own parser says before any of our code has seen a request. */
const fromParser: ReadonlySet<number> = new Set([400, 408, 413, 417, 431]);

/** Backends may be busy, and what was unloaded is not ready; any other five hundred means that the input broke something. */
const documented: ReadonlySet<string> = new Set([
  "backend_full",
  "queue_timeout",
  "model_not_ready",
  "overloaded",
]);

function judgeRefusal(request: Mutated, answer: Answer): string | undefined {
  const { status, headers, body } = answer;
  if (body.length === 0 && fromParser.has(status) && request.unframed) return undefined;
  if (headers.has("content-encoding")) return "a refusal is compressed";
  const code = headers.get("tradewind-error") ?? codeOf(answer);
  if (code === undefined || !isErrorCode(code)) return `no code of the catalogue: ${code}`;
  // Why a model cannot be loaded is told to whoever runs the backend, paths and all.
  const untold = isHead(request) || code === "model_unusable";
  return judgeCode(request, answer, code) ?? (untold ? undefined : judgeMessage(request, answer));
}

function judgeCode(request: Mutated, { status, headers }: Answer, code: ErrorCode): string | undefined {
  if (catalogue[code].status !== status) return `the status does not belong to ${code}`;
  if (status >= 500 && !isDocumented(request, code)) return `an undocumented five hundred, ${code}`;
  if (status === 503 && !headers.has("retry-after")) return "no word when to try again";
  return request.kind === "good" && status !== 503 ? "a good request is refused" : undefined;
}

/** A model that cannot be loaded as asked is the one more thing that a load may say. */
function isDocumented({ kind }: Mutated, code: string): boolean {
  return documented.has(code) || (kind === "odd repository" && code === "model_unusable");
}

/** What never became a request is refused as a problem, whose code is inside. */
function codeOf({ headers, body }: Answer): string | undefined {
  const code = headers.get("content-type") === problem ? parsed(body)?.code : undefined;
  return typeof code === "string" ? code : undefined;
}

const longestMessage = 4_000;

/** What a library or the machine said of itself has no place in an answer. */
const foreign =
  /\bat .*\.[jt]s:\d|node:|node_modules|\/(tmp|home|root|proc|usr|etc)\/|onnxruntime|protobuf|vips|zlib|undici|hono|ENOENT|EACCES|ERR_|HPE_|SyntaxError|TypeError|RangeError|Unexpected token|\[object |undefined|something went wrong/i;

function judgeMessage({ bytes }: Mutated, { headers, body }: Answer): string | undefined {
  const type = headers.get("content-type");
  if (type !== "application/json" && type !== problem) return `content type ${type}`;
  const message = parsed(body)?.error;
  if (typeof message !== "string" || message === "") return "no text in `error`";
  if (message.length > longestMessage) return `a message of ${message.length} characters`;
  const said = foreign.exec(message)?.[0];
  // A message may repeat what the caller said.
  if (said === undefined || bytes.some((piece) => piece.includes(said))) return undefined;
  return `a message that tells of our inside (${said})`;
}

function judgeSuccess(request: Mutated, answer: Answer): string | undefined {
  const { status, headers } = answer;
  if (status !== 200) return "a status that the protocol does not know";
  const body = unpacked(answer);
  if (!body) return `unreadable content encoding ${headers.get("content-encoding")}`;
  const type = headers.get("content-type");
  if (type === undefined || type.startsWith("text/plain")) return undefined;
  const length = headers.get("inference-header-content-length");
  if (type === "application/octet-stream") return judgeInference(body, Number(length ?? Number.NaN));
  if (type !== "application/json") return `content type ${type}`;
  if (length !== undefined) return "an answer in JSON alone names the length of its JSON part";
  if (isHead(request)) return undefined;
  const value = parsed(body, true);
  if (value === undefined) return "an answer that is no JSON";
  return "outputs" in value && "model_version" in value ? judgeInference(body, body.length) : undefined;
}

/** The JSON part follows the schema, and the tensors behind it have the lengths that it names. */
function judgeInference(body: Buffer, length: number): string | undefined {
  if (!(length <= body.length)) return `the JSON part is said to have ${length} bytes`;
  const { data, error } = inferResponseSchema.safeParse(parsed(body.subarray(0, length)));
  if (error) return `not the protocol's form: ${error.issues[0]?.path.join(".")} ${error.issues[0]?.message}`;
  const sizes = data.outputs.map(({ parameters }) => Number(parameters?.binary_data_size ?? 0));
  const behind = sizes.reduce((sum, size) => sum + size, 0);
  return behind === body.length - length
    ? undefined
    : `${body.length - length} bytes behind, ${behind} promised`;
}

function unpacked({ headers, body }: Answer): Buffer | undefined {
  const encoding = headers.get("content-encoding");
  try {
    if (encoding === undefined) return body;
    if (encoding === "gzip") return gunzipSync(body);
    return encoding === "deflate" ? inflateSync(body) : undefined;
  } catch {
    return undefined;
  }
}

function parsed(body: Buffer, lists = false): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value !== "object" || value === null) return undefined;
    return Array.isArray(value) && !lists ? undefined : { ...value };
  } catch {
    return undefined;
  }
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString("latin1", 0, 300));
}

function isHead({ bytes: [first] }: Mutated): boolean {
  return first?.subarray(0, 5).toString("latin1") === "HEAD ";
}
