import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { WrongRequest } from "./compose.ts";

export type Answer =
  | { readonly outcome: "answered"; readonly status: number; readonly type: string; readonly body: string }
  /** The connection ended and not one byte came back. */
  | { readonly outcome: "closed" }
  /** Neither an answer nor an end. */
  | { readonly outcome: "hung" }
  /** Nobody listens any more. */
  | { readonly outcome: "refused" };

export type SendOptions = {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
};

/** Writes the bytes as they are and reads what comes until the other side ends. */
export async function send(request: WrongRequest, options: SendOptions): Promise<Answer> {
  const { host, port, timeoutMs = 20_000, signal } = options;
  using socket = closing(connect({ host, port, allowHalfOpen: true }));
  const deadline = AbortSignal.timeout(timeoutMs);
  const answer = readAll(socket.socket, AbortSignal.any([signal, deadline]));
  const connected = await once(socket.socket, "connect").then(
    () => true,
    () => false,
  );
  if (!connected) return { outcome: "refused" };
  for (const bytes of request.bytes) {
    if (socket.socket.destroyed || !socket.socket.writable) break;
    socket.socket.write(bytes);
  }
  if (request.leaves) socket.socket.end();
  const text = await answer;
  signal.throwIfAborted();
  if (text !== "") return parseAnswer(text);
  return deadline.aborted ? { outcome: "hung" } : { outcome: "closed" };
}

function closing(socket: Socket): Disposable & { readonly socket: Socket } {
  return { socket, [Symbol.dispose]: () => socket.destroy() };
}

/** A reset after the answer is how a server refuses a body it won't read: what came before it counts. */
function readAll(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const done = () => resolve(text);
    socket.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString("latin1")).slice(0, 1_000_000);
    });
    for (const end of ["end", "close", "error"]) socket.on(end, done);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** The first answer on the connection; an interim one (100 Continue) is passed over. */
function parseAnswer(text: string): Answer {
  const final = text.replace(/^(HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, "");
  const [head = "", ...rest] = final.split("\r\n\r\n");
  const status = Number(head.match(/^HTTP\/1\.[01] (\d{3})/)?.[1] ?? 0);
  const type = head.match(/^content-type: *(.*)$/im)?.[1]?.trim() ?? "";
  return { outcome: "answered", status, type, body: unchunked(head, rest.join("\r\n\r\n")) };
}

function unchunked(head: string, body: string): string {
  if (!/^transfer-encoding: *chunked/im.test(head)) {
    const length = head.match(/^content-length: *(\d+)/im)?.[1];
    return length === undefined ? body : body.slice(0, Number(length));
  }
  let text = "";
  for (let rest = body; ; ) {
    const size = Number.parseInt(rest, 16);
    const start = rest.indexOf("\r\n") + 2;
    if (!(size > 0) || start < 2) return text;
    text += rest.slice(start, start + size);
    rest = rest.slice(start + size + 2);
  }
}
