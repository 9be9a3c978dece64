import { hash } from "node:crypto";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { ListedFile } from "../trust/trusted-list.ts";
import { type AskOrigins, askOrigins, type Leg } from "./ask-origins.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { elsewhereLeg, notSigned, refusedLeg } from "./leg-of.ts";
import { lineFailure } from "./line-failure.ts";
import type { Origin } from "./origin.ts";
import { noPace, type Pace } from "./pace.ts";

export type FetchSmallOptions = AskOrigins & {
  readonly file: Pick<ListedFile, "address" | "bytes" | "sha256">;
  /** One that is signed to be larger is not even asked for. */
  readonly maxBytes: number;
  readonly pace?: Pace | undefined;
};

/** A signed file that fits into memory, such as golden images or a list of blocks: in one piece, or not at all. */
export async function fetchSmall(options: FetchSmallOptions): Promise<Uint8Array> {
  const { file, maxBytes } = options;
  if (file.bytes > maxBytes) {
    throw new TradewindError(
      "repository_refused",
      `${file.address} is signed to be larger than ${maxBytes} bytes`,
    );
  }
  const wrong = new Set<Origin>();
  return await askOrigins((origin) => fetchOnce(options, origin, wrong), options);
}

async function fetchOnce(
  options: FetchSmallOptions,
  origin: Origin,
  wrong: Set<Origin>,
): Promise<Leg<Uint8Array>> {
  const { file, signal } = options;
  try {
    const answer = await origin.get({ address: file.address, signal });
    const judged = judgeAnswer(answer, { start: 0, end: file.bytes, bytes: file.bytes });
    if (judged.kind === "bytes")
      return judgeBytes(options, origin, { wrong, bytes: await read(options, answer.body) });
    answer.leave();
    return refusedLeg(origin, judged);
  } catch (thrown) {
    const error = asTradewindError(thrown);
    const leg = elsewhereLeg(error);
    if (leg) return leg;
    if (error.code !== "repository_unreachable" || signal.aborted) throw thrown;
    return { kind: "broken", error, gained: false };
  }
}

/** One byte more than it may have is enough to know. */
async function read(
  { file, pace = noPace, signal }: FetchSmallOptions,
  body: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > file.bytes) break;
    await pace.take(piece.byteLength, { signal });
  }
  return Buffer.concat(pieces, bytes);
}

function judgeBytes(
  { file }: FetchSmallOptions,
  origin: Origin,
  { wrong, bytes }: { readonly wrong: Set<Origin>; readonly bytes: Uint8Array },
): Leg<Uint8Array> {
  if (bytes.byteLength < file.bytes) {
    return { kind: "broken", error: lineFailure(origin.name, "it broke off"), gained: false };
  }
  if (bytes.byteLength === file.bytes && hash("sha256", bytes, "hex") === file.sha256)
    return { kind: "done", result: bytes };
  // Once it may have been the line.
  if (wrong.has(origin))
    return {
      kind: "unfit",
      error: notSigned(origin, file.address),
    };
  wrong.add(origin);
  return {
    kind: "broken",
    error: lineFailure(origin.name, "what came is not what is signed"),
    gained: false,
  };
}
