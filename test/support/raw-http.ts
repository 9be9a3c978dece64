import { once } from "node:events";
import { connect } from "node:net";

/** One answer as it stood on the wire; header names in lower case. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Without the framing of chunks. */
  readonly body: Buffer;
};

export type RawConnection = Disposable & {
  readonly send: (bytes: Buffer | string) => void;
  /** Answers come in the order of their requests; rejects when the connection ends before the next. */
  readonly next: () => Promise<RawAnswer>;
  /** Resolves when the server hangs up. */
  readonly ended: Promise<void>;
};

/** A TCP connection that writes what it is told and reads HTTP without a client's opinions. */
export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let received: Buffer = Buffer.alloc(0);
  let isOver = false;
  let wake = (): void => {};
  const ended = new Promise<void>((resolve) => {
    socket.once("close", () => {
      isOver = true;
      wake();
      resolve();
    });
  });
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    received = Buffer.concat([received, bytes]);
    wake();
  });
  const next = async (): Promise<RawAnswer> => {
    for (;;) {
      const found = readAnswer(received);
      if (found) {
        received = received.subarray(found.length);
        return found.answer;
      }
      if (isOver) throw new Error(`the connection ended after ${received.byteLength} bytes of an answer`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    send: (bytes) => void socket.write(bytes),
    next,
    ended,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

export type Verb = `${string} /${string}`;

export type RawRequest = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | undefined;
};

/** A request as the blocking client frames one: no header that nobody asked for, and no length without a body. */
export function requestBytes(verb: Verb, { headers = {}, body }: RawRequest = {}): Buffer {
  const bytes = Buffer.from(body ?? "");
  const length = body === undefined ? {} : { "content-length": `${bytes.byteLength}` };
  const lines = Object.entries({ host: "127.0.0.1", ...length, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return Buffer.concat([Buffer.from([`${verb} HTTP/1.1`, ...lines, "", ""].join("\r\n")), bytes]);
}

/** One request on a connection of its own. */
export async function exchange(port: number, bytes: Buffer | string): Promise<RawAnswer> {
  using connection = await openRaw(port);
  connection.send(bytes);
  return await connection.next();
}

type Framed<Value> = Value & { readonly length: number };

/** The first answer in these bytes, and how many of them are its; undefined while it is not whole. */
function readAnswer(bytes: Buffer): Framed<{ readonly answer: RawAnswer }> | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const headers = Object.fromEntries(lines.map(splitHeader));
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  const rest = bytes.subarray(end + 4);
  const framed =
    headers["transfer-encoding"] === "chunked"
      ? readChunks(rest)
      : readLength(rest, Number(headers["content-length"] ?? 0));
  return framed && { answer: { status, headers, body: framed.body }, length: end + 4 + framed.length };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

type Body = Framed<{ readonly body: Buffer }> | undefined;

function readLength(bytes: Buffer, length: number): Body {
  return bytes.byteLength < length ? undefined : { body: bytes.subarray(0, length), length };
}

function readChunks(bytes: Buffer): Body {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    const next = line + 2 + size + 2;
    if (bytes.byteLength < next) return undefined;
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
    if (size === 0) return { body: Buffer.concat(parts), length: at };
  }
}
