import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Mutated } from "./draft.ts";
import { type Answer, readAnswers } from "./read-answers.ts";

export type Exchange =
  /** What came back; none when the connection ended without a byte. */
  | { readonly outcome: "ended"; readonly answers: readonly Answer[]; readonly rest: Buffer }
  /** Our side was gone at once. */
  | { readonly outcome: "cut" }
  /** Neither an answer nor an end. */
  | { readonly outcome: "hung" }
  /** Nobody listens any more. */
  | { readonly outcome: "refused" };

export type ExchangeOptions = {
  readonly port: number;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
};

const pauseMs = 15;

/** Writes the bytes as they are and reads what comes until the other side ends. */
export async function exchange(request: Mutated, options: ExchangeOptions): Promise<Exchange> {
  const { port, timeoutMs = 30_000, signal } = options;
  const deadline = AbortSignal.timeout(timeoutMs);
  using held = closing(connect({ host: "127.0.0.1", port, allowHalfOpen: true }));
  const { socket } = held;
  const answer = readAll(socket, AbortSignal.any([signal, deadline]));
  const connected = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  if (!connected) return { outcome: "refused" };
  await write(socket, request);
  if (request.end === "cuts") {
    socket.resetAndDestroy();
    return { outcome: "cut" };
  }
  if (request.end === "leaves") socket.end();
  const bytes = await answer;
  signal.throwIfAborted();
  if (deadline.aborted) return { outcome: "hung" };
  return { outcome: "ended", ...readAnswers(bytes, { headless: isHead(request) }) };
}

async function write(socket: Socket, { bytes, slow, end }: Mutated): Promise<void> {
  for (const piece of bytes) {
    if (socket.destroyed || !socket.writable) return;
    const written = new Promise((done) => socket.write(piece, done));
    // What is cut off must have left before, else nothing of it would arrive.
    if (end === "cuts") await written;
    if (slow) await sleep(pauseMs);
  }
}

function isHead({ bytes: [first] }: Mutated): boolean {
  return first?.subarray(0, 5).toString("latin1") === "HEAD ";
}

function closing(socket: Socket): Disposable & { readonly socket: Socket } {
  return { socket, [Symbol.dispose]: () => socket.destroy() };
}

const mostBytes = 32 * 1_048_576;

/** A reset after the answer is how a server refuses a body it won't read: what came before it counts. */
function readAll(socket: Socket, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = () => resolve(Buffer.concat(chunks));
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= mostBytes) chunks.push(chunk);
    });
    for (const end of ["end", "close", "error"]) socket.on(end, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
