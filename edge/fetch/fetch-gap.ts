import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { Leg } from "./ask-origins.ts";
import { type Fetching, isWasted } from "./fetching.ts";
import { judgeAnswer, strongTag } from "./judge-answer.ts";
import { elsewhereLeg, legOf, mostWrongInARow, type Outcome, refusedLeg } from "./leg-of.ts";
import type { Origin, OriginAnswer } from "./origin.ts";
import { noPace } from "./pace.ts";
import { type BlockWriter, writeBlocks } from "./write-blocks.ts";

/** Asks one origin for the first gap, and keeps of its answer what fits. */
export async function fetchGap(fetching: Fetching, origin: Origin): Promise<Leg<void>> {
  const { part, file } = fetching;
  const gap = part.gap();
  if (!gap) return { kind: "done", result: undefined };
  const before = part.atHand();
  let outcome: Outcome;
  try {
    const answer = await ask(fetching, origin, gap);
    const judged = judgeAnswer(answer, { ...gap, bytes: file.bytes });
    if (judged.kind !== "bytes") {
      answer.leave();
      return refusedLeg(origin, judged);
    }
    remember(fetching, origin, answer);
    outcome = await readBody(fetching, origin, answer, judged);
  } catch (thrown) {
    const error = asTradewindError(thrown);
    const leg = elsewhereLeg(error);
    if (leg) return leg;
    if (error.code !== "repository_unreachable" || fetching.signal.aborted) throw thrown;
    outcome = { end: "cut", error, right: 0, wrong: [], wrongInARow: 0 };
  }
  return legOf(fetching, origin, outcome, part.atHand() - before);
}

function ask({ file, tags, signal }: Fetching, origin: Origin, gap: { start: number; end: number }) {
  const tag = tags.get(origin);
  const ifRange = tag === undefined ? {} : { ifRange: tag };
  return origin.get({ address: file.address, range: gap, ...ifRange, signal });
}

function remember({ tags }: Fetching, origin: Origin, answer: OriginAnswer): void {
  const tag = strongTag(answer);
  if (tag === undefined) tags.delete(origin);
  else tags.set(origin, tag);
}

async function readBody(
  fetching: Fetching,
  origin: Origin,
  answer: OriginAnswer,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Outcome> {
  const { part, file, blocks } = fetching;
  const writer = writeBlocks({ part, blocks, fileBytes: file.bytes, start });
  const outcome = (how: Outcome["end"], error?: TradewindError): Outcome => ({
    end: how,
    ...(error && { error }),
    ...{ right: writer.right(), wrong: writer.wrong, wrongInARow: writer.wrongInARow() },
  });
  try {
    return outcome(await drain(fetching, answer, { origin, writer, end }));
  } catch (thrown) {
    const error = asTradewindError(thrown);
    if (error.code !== "repository_unreachable") throw thrown;
    return outcome("cut", error);
  } finally {
    answer.leave();
    await writer.settle();
  }
}

type Draining = { readonly origin: Origin; readonly writer: BlockWriter; readonly end: number };

async function drain(
  fetching: Fetching,
  { body }: OriginAnswer,
  { origin, writer, end }: Draining,
): Promise<Outcome["end"]> {
  const { part, tally, pace = noPace, signal } = fetching;
  for await (const chunk of body) {
    tally.received += chunk.byteLength;
    const room = end - writer.at();
    const rightBefore = writer.right();
    await writer.take(chunk.subarray(0, room));
    if (writer.right() > rightBefore) tell(fetching);
    if (chunk.byteLength > room) return "over";
    if (isWasted(fetching, origin)) return "wasted";
    if (writer.wrongInARow() >= mostWrongInARow || part.gap() === undefined) return "stopped";
    await pace.take(chunk.byteLength, { signal });
  }
  return writer.at() < end ? "cut" : "all";
}

function tell({ onProgress, part, file, tally }: Fetching): void {
  onProgress?.({ bytes: part.atHand(), of: file.bytes, received: tally.received });
}
