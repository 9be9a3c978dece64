import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answers, Behaviour, Refusal } from "./behaviour.ts";
import type { Counters } from "./counters.ts";
import { asJson, detections, impossible, right, shifted, type Wire } from "./wire.ts";

/** Writes what an image is answered with, be it right or wrong; what hangs ends when its caller leaves. */
export function answerImage(
  request: IncomingMessage,
  response: ServerResponse,
  { model, isBinary, how, behaviour }: Asked,
): void {
  if (response.destroyed || how === "never") return;
  if (how === "reset") return void request.socket.resetAndDestroy();
  const wire = wireOf(how, model, isBinary);
  response.writeHead(200, { ...wire.headers, "content-length": `${wire.body.byteLength}` });
  const half = wire.body.subarray(0, wire.body.byteLength >> 1);
  if (how === "cut") response.write(half, () => request.socket.resetAndDestroy());
  else if (how === "stalled") response.write(half);
  else if (how === "drip") drip(response, wire.body, behaviour.dripMs);
  else response.end(wire.body);
}

export type Asked = {
  readonly model: string;
  readonly isBinary: boolean;
  readonly how: Answers;
  readonly behaviour: Behaviour;
};

/** A "no" in the words of our own backend. */
export function refuse(response: ServerResponse, { status, retryAfterS }: Refusal): void {
  const { headers, body } = asJson({ error: `told to answer with ${status}` });
  const later: Record<string, string> = retryAfterS === undefined ? {} : { "retry-after": `${retryAfterS}` };
  response.writeHead(status, { ...headers, ...later, "content-length": `${body.byteLength}` }).end(body);
}

/** Counts an image from here to its end, however that is. */
export function countUntilClosed(response: ServerResponse, counters: Counters): void {
  counters.requests += 1;
  counters.inFlight += 1;
  counters.maxInFlight = Math.max(counters.maxInFlight, counters.inFlight);
  response.once("close", () => {
    counters.inFlight -= 1;
    if (!response.writableFinished) counters.aborted += 1;
    else counters.answered[response.statusCode] = (counters.answered[response.statusCode] ?? 0) + 1;
  });
}

/** Our gateway takes 4 MiB. */
const enormous = { headers: { "content-type": "application/json" }, body: Buffer.alloc(6 * 1_048_576, 0x20) };

function wireOf(how: Answers, model: string, isBinary: boolean): Wire {
  if (how === "garbage")
    return { headers: { "content-type": "application/json" }, body: Buffer.from("<html>") };
  if (how === "enormous") return enormous;
  const found = how === "wrong" ? impossible : how === "shifted" ? shifted : right;
  return detections(model, found, isBinary);
}

function drip(response: ServerResponse, body: Buffer, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(at, at + 1));
    at += 1;
    if (at < body.byteLength) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.once("close", () => clearInterval(timer));
}
