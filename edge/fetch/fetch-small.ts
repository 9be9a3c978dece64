import { hash } from "node:crypto";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { ListedFile } from "../trust/trusted-list.ts";
import { type AskOrigins, askOrigins, type Leg } from "./ask-origins.ts";
import { judgeAnswer, strongTag } from "./judge-answer.ts";
import { elsewhereLeg, leastGain, notSigned, refusedLeg } from "./leg-of.ts";
import { lineFailure } from "./line-failure.ts";
import type { Origin, OriginAnswer } from "./origin.ts";
import { noPace, type Pace } from "./pace.ts";

export type FetchSmallOptions = AskOrigins & {
  readonly file: Pick<ListedFile, "address" | "bytes" | "sha256">;
  /** One that is signed to be larger is not even asked for. */
  readonly maxBytes: number;
  readonly pace?: Pace | undefined;
};

/**
 * A signed file that fits into memory, such as golden images or a list of blocks. Where the line breaks it goes on from
 * there; there is one hash for all of it, so that a wrong byte is found at the end and costs the whole once more.
 */
export async function fetchSmall(options: FetchSmallOptions): Promise<Uint8Array> {
  const { file, maxBytes } = options;
  if (file.bytes > maxBytes) {
    throw new TradewindError(
      "repository_refused",
      `${file.address} is signed to be larger than ${maxBytes} bytes`,
    );
  }
  const into = new Uint8Array(file.bytes);
  const held: Held = { from: undefined, into, bytes: 0, tag: undefined, wrong: new Set() };
  return await askOrigins((origin) => fetchMore(options, origin, held), options);
}

/** What has come, of one server alone: of a mix nobody could say whose bytes are wrong. */
type Held = {
  from: Origin | undefined;
  readonly into: Uint8Array;
  /** More than there is room for where too many came. */
  bytes: number;
  /** The strong tag of the answer that they are of. */
  tag: string | undefined;
  /** Who sent a whole that is not what is signed. */
  readonly wrong: Set<Origin>;
};

async function fetchMore(options: FetchSmallOptions, origin: Origin, held: Held): Promise<Leg<Uint8Array>> {
  const { file, signal } = options;
  if (held.from !== origin) beginAnew(held, origin);
  const before = held.bytes;
  let failure = lineFailure(origin.name, "it broke off");
  try {
    const answer = await ask(options, origin, held);
    const judged = judgeAnswer(answer, { start: held.bytes, end: file.bytes, bytes: file.bytes });
    if (judged.kind !== "bytes") {
      answer.leave();
      return refusedLeg(origin, judged);
    }
    if (judged.start === 0) beginAnew(held, origin);
    held.tag = strongTag(answer);
    await read(options, answer, held);
  } catch (thrown) {
    const error = asTradewindError(thrown);
    const leg = elsewhereLeg(error);
    if (leg) return leg;
    if (error.code !== "repository_unreachable" || signal.aborted) throw thrown;
    failure = error;
  }
  if (held.bytes >= file.bytes) return judgeWhole(options, origin, held);
  return { kind: "broken", error: failure, gained: held.bytes - before >= leastGain };
}

function beginAnew(held: Held, origin: Origin | undefined): void {
  Object.assign(held, { from: origin, bytes: 0, tag: undefined });
}

function ask({ file, signal }: FetchSmallOptions, origin: Origin, { bytes, tag }: Held) {
  if (bytes === 0) return origin.get({ address: file.address, signal });
  const range = { start: bytes, end: file.bytes };
  return origin.get({ address: file.address, range, ...(tag !== undefined && { ifRange: tag }), signal });
}

/** One byte more than it may have is enough to know. */
async function read(
  { file, pace = noPace, signal }: FetchSmallOptions,
  { body }: Pick<OriginAnswer, "body">,
  held: Held,
): Promise<void> {
  for await (const piece of body) {
    held.into.set(piece.subarray(0, file.bytes - held.bytes), held.bytes);
    held.bytes += piece.byteLength;
    if (held.bytes > file.bytes) break;
    await pace.take(piece.byteLength, { signal });
  }
}

function judgeWhole({ file }: FetchSmallOptions, origin: Origin, held: Held): Leg<Uint8Array> {
  if (held.bytes === file.bytes && hash("sha256", held.into, "hex") === file.sha256)
    return { kind: "done", result: held.into };
  beginAnew(held, undefined);
  // Once it may have been the line.
  if (held.wrong.has(origin)) return { kind: "unfit", error: notSigned(origin, file.address) };
  held.wrong.add(origin);
  const error = lineFailure(origin.name, "what came is not what is signed");
  return { kind: "broken", error, gained: false };
}
