import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { asTradewindError, TradewindError } from "./errors.ts";
import { gatherPieces } from "./gather-pieces.ts";

export type ReadBodyOptions = {
  readonly maxBytes: number;
  /** The whole body must be here by then, however slowly it drips. */
  readonly timeoutMs: number;
  /** Told of the bytes that are here so far; what it throws ends the reading. */
  readonly onBytes?: (bytes: number) => void;
};

/**
 * The one way a body enters. It reads Node's own stream where there is one, since the web stream over it costs three
 * times as much at 60 KB, and the request's otherwise (`app.request()` in tests has no socket).
 */
export function readBody(c: Context, options: ReadBodyOptions): Promise<Buffer> {
  return readStream(sourceOf(c), c.req.header("content-length"), options);
}

/** The same for whoever stands at Node's own stream, with what its header says of the length. */
export async function readStream(
  source: Readable,
  contentLength: string | undefined,
  options: ReadBodyOptions,
): Promise<Buffer> {
  const { maxBytes } = options;
  const length = Number(contentLength ?? 0);
  if (length > maxBytes) throw tooLarge(maxBytes);
  const body = await collect(source, Number.isSafeInteger(length) ? length : 0, options);
  if (body.byteLength === 0) throw new TradewindError("body_empty", "the body is empty");
  return body;
}

function sourceOf(c: Context): Readable {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  if (incoming) return incoming;
  const { body } = c.req.raw;
  return body ? Readable.fromWeb(body as ReadableStream<Uint8Array>) : Readable.from([]);
}

/** Events rather than iteration: leaving an iteration early destroys the stream, and with it the socket that must still carry the refusal. */
function collect(
  source: Readable,
  length: number,
  { maxBytes, timeoutMs, onBytes }: ReadBodyOptions,
): Promise<Buffer> {
  const gathering = gatherPieces(length);
  let bytes = 0;
  const refusal = (): TradewindError | undefined => {
    if (bytes > maxBytes) return tooLarge(maxBytes);
    if (isDust(gathering.pieces(), bytes)) return tooManyPieces();
    try {
      onBytes?.(bytes);
    } catch (error) {
      return asTradewindError(error);
    }
    return undefined;
  };
  return new Promise((resolve, reject) => {
    let isWhole = false;
    const finish = (error?: TradewindError): void => {
      clearTimeout(timer);
      if (!error) {
        isWhole = true;
        // The listeners live as long as the request does; what they gathered is not held any longer.
        resolve(gathering.whole());
        return;
      }
      for (const [event, listener] of listeners) source.off(event, listener);
      // A late 'error' of a stream that nobody reads any more must not end the process.
      source.on("error", ignore);
      source.pause();
      reject(error);
    };
    const timer = setTimeout(() => finish(tooSlow(timeoutMs)), timeoutMs);
    const listeners: readonly (readonly [string, (chunk: Uint8Array) => void])[] = [
      [
        "data",
        (chunk) => {
          bytes += chunk.byteLength;
          gathering.add(chunk);
          const refused = refusal();
          if (refused) finish(refused);
        },
      ],
      ["end", () => finish()],
      ["error", () => isWhole || finish(incomplete(bytes))],
      ["close", () => isWhole || finish(incomplete(bytes))],
    ];
    for (const [event, listener] of listeners) source.on(event, listener);
  });
}

/** Of the module and not of the reading, whose body it would hold for as long as the request lives. */
function ignore(): void {}

/** A piece costs more than its bytes: 18 MB sent byte by byte would take over a gigabyte. No network cuts so small. */
function isDust(pieces: number, bytes: number): boolean {
  return pieces > 65_536 && bytes / pieces < 512;
}

function tooManyPieces(): TradewindError {
  return new TradewindError("request_malformed", "the body arrives in too many small pieces");
}

function tooLarge(maxBytes: number): TradewindError {
  return new TradewindError("body_too_large", `the body is larger than the ${maxBytes} bytes allowed here`);
}

function tooSlow(timeoutMs: number): TradewindError {
  return new TradewindError("body_too_slow", `the body did not arrive within ${timeoutMs / 1000} s`);
}

function incomplete(bytes: number): TradewindError {
  return new TradewindError("body_incomplete", `the body ended after ${bytes} bytes, before it was complete`);
}
