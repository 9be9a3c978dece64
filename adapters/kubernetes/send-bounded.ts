import type { HttpLibrary, RequestContext, ResponseBody } from "@kubernetes/client-node";
import { request } from "undici";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Asked, refusal, translated } from "./translate-errors.ts";

type Sdk = Pick<typeof import("@kubernetes/client-node"), "ResponseContext" | "wrapHttpLibrary">;

export type Sending = {
  readonly asked: Asked;
  readonly signal: AbortSignal;
  /** Called for each line of an answer that is to be heard for as long as it lasts; else it is read whole. */
  readonly onLine?: (line: string) => void;
};

/** A page of 250 slices of 1000 pods each has less. */
const mostBytes = 64 * 1_048_576;
/** One slice, with 1000 pods and all that is said of them. */
const mostLineBytes = 4 * 1_048_576;
const mostRefusalBytes = 65_536;

/**
 * How the SDK's requests are sent: its own way reads answers of any size, and cannot be told to stop. A status other than
 * 200 is thrown in our words before the SDK sees it.
 */
export function boundedHttp(sdk: Sdk, sending: Sending): HttpLibrary {
  const { asked, signal, onLine } = sending;
  return sdk.wrapHttpLibrary({
    send: async (context) => {
      try {
        const { statusCode: status, headers, body } = await begin(context, signal);
        if (status !== 200) {
          const said = (await readUpTo(body, mostRefusalBytes, "cut")).toString("utf8");
          const retryAfter = headers["retry-after"];
          const known = typeof retryAfter === "string" ? retryAfter : undefined;
          throw refusal(asked, { status, retryAfter: known, body: said });
        }
        if (onLine) await readLines(body, onLine);
        const whole = onLine ? noList : await readUpTo(body, mostBytes, "refuse");
        return new sdk.ResponseContext(status, { "content-type": "application/json" }, bodyOf(whole));
      } catch (thrown) {
        throw translated(thrown, asked, signal);
      }
    },
  });
}

/** What the SDK reads after an answer that was heard line by line. */
const noList = Buffer.from('{"items":[]}');

function begin(context: RequestContext, signal: AbortSignal): ReturnType<typeof request> {
  const dispatcher = context.getDispatcher();
  return request(context.getUrl(), {
    method: "GET",
    headers: context.getHeaders(),
    signal,
    // Who calls says how long it may take, by the signal.
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(dispatcher && { dispatcher }),
  });
}

type Chunks = AsyncIterable<Buffer>;

async function readUpTo(body: Chunks, most: number, beyond: "cut" | "refuse"): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > most) {
      if (beyond === "cut") break;
      throw tooMuch(most);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function readLines(body: Chunks, onLine: (line: string) => void): Promise<void> {
  let rest: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    let from = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, from)) {
      onLine(Buffer.concat([...rest, piece.subarray(from, end)]).toString("utf8"));
      [rest, bytes, from] = [[], 0, end + 1];
    }
    bytes += piece.byteLength - from;
    if (bytes > mostLineBytes) throw tooMuch(mostLineBytes);
    if (from < piece.byteLength) rest.push(piece.subarray(from));
  }
  if (bytes > 0) throw new TradewindError("provider_answer_invalid", "what the API server told was cut off");
}

const newline = 0x0a;

function tooMuch(most: number): TradewindError {
  return new TradewindError(
    "provider_answer_invalid",
    `the API server answered with more than ${most} bytes`,
  );
}

function bodyOf(bytes: Buffer): ResponseBody {
  return { text: async () => bytes.toString("utf8"), binary: async () => bytes, stream: () => null };
}
