import { type Dispatcher, Pool } from "undici";
import { TradewindError } from "#infra/runtime/errors.ts";
import { invalidAnswer, transportFailure } from "./upstream-errors.ts";

/** One tensor server elsewhere: few connections, bounded answers, and its failures in our words. */
export type UpstreamHttp = AsyncDisposable & {
  /** Resolves with whatever status the server gave; aborting the signal breaks the connection off. */
  readonly call: (call: UpstreamCall) => Promise<UpstreamAnswer>;
  /** Waits for calls under way. */
  readonly close: () => Promise<void>;
};

export type UpstreamCall = {
  readonly method: "GET" | "POST";
  /** Below the path of the server's own address. */
  readonly path: string;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Several parts need their sum as `content-length` among the headers. */
  readonly body?: string | Iterable<Uint8Array>;
  readonly room?: Room;
};

/**
 * Memory to read one answer after the other into, since fresh memory of megabytes costs more than what is read into it;
 * the body of one answer is gone with the next.
 */
export type Room = { memory: Buffer };

export type UpstreamAnswer = {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  readonly body: Buffer;
};

export type UpstreamHeaders = Readonly<Record<string, string | string[] | undefined>>;

export type UpstreamHttpOptions = {
  readonly url: string;
  readonly connections: number;
  readonly connectTimeoutMs?: number;
  /** An answer larger than this is cut off. */
  readonly maxAnswerBytes: number;
};

export function openUpstreamHttp(options: UpstreamHttpOptions): UpstreamHttp {
  const { url, connections, connectTimeoutMs = 2_000, maxAnswerBytes } = options;
  const { origin, pathname } = upstreamUrl(url);
  const base = pathname.replace(/\/+$/, "");
  // Who calls says how long it may take.
  const noTimeouts = { headersTimeout: 0, bodyTimeout: 0 };
  const pool = new Pool(origin, { connections, connect: { timeout: connectTimeoutMs }, ...noTimeouts });

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= pool.close();
    return closing;
  };
  return {
    call: async ({ path, room = { memory: Buffer.alloc(0) }, ...call }) => {
      try {
        const answer = await pool.request({ ...call, path: base + path } as Dispatcher.RequestOptions);
        return await readAnswer(answer, maxAnswerBytes, room);
      } catch (error) {
        throw error instanceof TradewindError ? error : transportFailure(error, call.signal);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The address of a tensor server, with or without a path before `/v2`. */
export function upstreamUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (plain && /^https?:$/.test(url.protocol)) return url;
  throw new TradewindError("config_invalid", "the upstream is no address of a server", {
    hint: "expected something like http://localhost:8000, without a name, a password or a query in it",
  });
}

/** Of a refusal only the beginning is kept, for the log. */
const refusalBytes = 4_096;

async function readAnswer(
  { statusCode: status, headers, body }: Dispatcher.ResponseData,
  maxBytes: number,
  room: Room,
): Promise<UpstreamAnswer> {
  if (status !== 200) return { status, headers, body: await readBeginning(body, refusalBytes) };
  // A stream that is given up says so by an error, for which nobody listens any more.
  body.on("error", () => {});
  const declared = wholeNumber(headers["content-length"]);
  if (declared !== undefined && declared > maxBytes) {
    body.destroy();
    throw tooMuch(maxBytes);
  }
  if (declared !== undefined && declared > room.memory.byteLength) {
    room.memory = Buffer.allocUnsafeSlow(declared);
  }
  return { status, headers, body: await readInto(room, body, maxBytes) };
}

async function readBeginning(body: AsyncIterable<Buffer>, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sum = 0;
  for await (const chunk of body) {
    sum += chunk.byteLength;
    chunks.push(chunk);
    if (sum >= bytes) break;
  }
  return Buffer.concat(chunks, Math.min(sum, bytes));
}

/** Copied at once, however small the pieces are: kept as they come, each would hold more memory than it has bytes. */
async function readInto(room: Room, body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    const end = bytes + chunk.byteLength;
    if (end > maxBytes) throw tooMuch(maxBytes);
    if (end > room.memory.byteLength) room.memory = larger(room.memory, end);
    chunk.copy(room.memory, bytes);
    bytes = end;
  }
  return room.memory.subarray(0, bytes);
}

function larger(memory: Buffer, bytes: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * memory.byteLength, 65_536));
  memory.copy(grown);
  return grown;
}

function wholeNumber(header: string | string[] | undefined): number | undefined {
  return typeof header === "string" && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function tooMuch(maxBytes: number): TradewindError {
  return invalidAnswer(`more than ${maxBytes} bytes`);
}
