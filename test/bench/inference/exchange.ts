import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** One kept-alive connection that carries one request at a time. */
export type Connection = Disposable & {
  /** Writes a whole request and resolves with the answer's status once all of the answer is here. */
  readonly exchange: (request: Buffer) => Promise<number>;
};

/** A server that says nothing for so long has lost the request. */
const silenceMs = 30_000;

/**
 * HTTP/1.1 over a bare socket. The generator shares two cores with what it measures, so it must cost next to nothing,
 * and the same for every server: requests are bytes made beforehand, of an answer only its length is read.
 */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  socket.setTimeout(silenceMs, () => socket.destroy(new Error(`no answer within ${silenceMs / 1000} s`)));
  const waiting: Waiting = {};
  let answer = emptyAnswer;
  socket.on("data", (chunk) => {
    answer = grow(answer, chunk);
    if (!isWhole(answer)) return;
    const { status } = answer;
    answer = emptyAnswer;
    waiting.resolve?.(status);
  });
  const fail = (error?: Error) => waiting.reject?.(error ?? new Error("the server closed the connection"));
  socket.on("error", fail).on("close", () => fail());
  return {
    exchange: (request) => exchange(socket, waiting, request),
    [Symbol.dispose]: () => socket.destroy(),
  };
}

type Waiting = { resolve?: (status: number) => void; reject?: (error: Error) => void };

function exchange(socket: Socket, waiting: Waiting, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    waiting.resolve = resolve;
    waiting.reject = reject;
    if (socket.destroyed) reject(new Error("the connection is closed"));
    else socket.write(request);
  });
}

type Answer = {
  readonly status: number;
  /** What came before the head's end; empty afterwards. */
  readonly head: Buffer;
  /** Bytes of the body still to come, or of a chunked one undefined: then its last bytes decide. */
  readonly left: number | undefined;
  readonly tail: string;
};

const emptyAnswer: Answer = { status: 0, head: Buffer.alloc(0), left: undefined, tail: "" };

function grow(answer: Answer, chunk: Buffer): Answer {
  if (answer.status === 0)
    return readHead(answer.head.byteLength ? Buffer.concat([answer.head, chunk]) : chunk);
  return withBody(answer, chunk);
}

function readHead(head: Buffer): Answer {
  const end = head.indexOf("\r\n\r\n");
  if (end < 0) return { ...emptyAnswer, head };
  const text = head.toString("latin1", 0, end);
  const length = /^content-length: *(\d+)/im.exec(text)?.[1];
  const left = length === undefined ? undefined : Number(length);
  return withBody({ ...emptyAnswer, status: Number(text.slice(9, 12)), left }, head.subarray(end + 4));
}

function withBody(answer: Answer, chunk: Buffer): Answer {
  if (answer.left !== undefined) return { ...answer, left: answer.left - chunk.byteLength };
  return {
    ...answer,
    tail: (answer.tail + chunk.toString("latin1", Math.max(0, chunk.byteLength - 5))).slice(-5),
  };
}

function isWhole({ status, left, tail }: Answer): boolean {
  return status !== 0 && (left === undefined ? tail === "0\r\n\r\n" : left <= 0);
}
