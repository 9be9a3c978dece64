import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { catalogue, type ErrorCode } from "./errors.ts";

/**
 * Answers what never became a request, so that nobody below sees it: too slow, too long a head, or no HTTP at all. The
 * body reads as problem details and, by its `error`, as the Open Inference Protocol's form: which was meant is unknown.
 */
export function refuseMalformed(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [code, detail] = explain(error.code);
  const { status } = catalogue[code];
  const body = problemText(code, detail);
  const head = [
    `HTTP/1.1 ${status} ${status === 408 ? "Request Timeout" : "Bad Request"}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** The same for a request that Node lets through and that has no address: its target or its host is no part of a URL. */
export function answerMalformed(): Response {
  const body = problemText("request_malformed", "target and host of the request are no address");
  return new Response(body, { status: 400, headers: { "content-type": problemType } });
}

/** The same where Node has made a response already: without a host there is no address, and what is expected is unknown. */
export function refuseRequest(outgoing: ServerResponse, detail: string): void {
  const body = problemText("request_malformed", detail);
  const length = Buffer.byteLength(body);
  outgoing.writeHead(400, { "content-type": problemType, "content-length": length, connection: "close" });
  outgoing.end(body);
}

const problemType = "application/problem+json";

function problemText(code: ErrorCode, detail: string): string {
  const { status, retryable } = catalogue[code];
  const title = code.replaceAll("_", " ");
  const type = `urn:tradewind:error:${code}`;
  return JSON.stringify({ type, title, status, detail, code, retryable, error: detail });
}

function explain(code: string | undefined): [ErrorCode, string] {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return ["body_too_slow", "the request did not arrive in time"];
  if (code === "HPE_HEADER_OVERFLOW") return ["request_malformed", "the headers of the request are too long"];
  return ["request_malformed", "this is no HTTP request that can be understood"];
}
