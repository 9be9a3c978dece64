import { TradewindError } from "#infra/runtime/errors.ts";
import type { Leg } from "./ask-origins.ts";
import { type Fetching, hasOthers } from "./fetching.ts";
import type { JudgedAnswer } from "./judge-answer.ts";
import { lineFailure } from "./line-failure.ts";
import type { Origin } from "./origin.ts";
import type { BlockWriter } from "./write-blocks.ts";

/** What became of one answer. */
export type Outcome = Pick<BlockWriter, "wrong"> & {
  /** `cut`: before what was announced was here. `over`: more came than that. `stopped`: nobody wanted the rest. */
  readonly end: "all" | "cut" | "over" | "stopped" | "wasted";
  readonly error?: TradewindError;
  readonly right: number;
  readonly wrongInARow: number;
};

/** So many wrong blocks one after the other are no accident of the line. */
export const mostWrongInARow = 8;
/** What is less than this is no gain: a server that gives a byte at a time is one that fails. */
export const leastGain = 1_024;

/** What the answer of one origin means for the next question. */
export function legOf(fetching: Fetching, origin: Origin, outcome: Outcome, gained: number): Leg<void> {
  const { file, part } = fetching;
  if (part.gap() === undefined) return { kind: "done", result: undefined };
  if (outcome.end === "wasted") {
    if (hasOthers(fetching, origin)) return { kind: "unfit", error: wasted(fetching) };
    throw wasted(fetching);
  }
  if (isUnfit(fetching, origin, outcome)) {
    return { kind: "unfit", error: notSigned(origin, file.address) };
  }
  const isWhole = outcome.end === "all" && outcome.right + outcome.wrong.length > 0;
  if (isWhole) return { kind: "onward" };
  const why = outcome.end === "over" ? "it sends more than it announced" : "it broke off";
  const error = outcome.error ?? lineFailure(origin.name, why);
  return { kind: "broken", error, gained: outcome.right > 0 || gained >= leastGain };
}

function wasted({ file, wrong }: Fetching): TradewindError {
  const isWrong = [...wrong.values()].some(({ size }) => size > 0);
  const message = `more of ${file.address} came wrong or twice than it has bytes`;
  const hint = "see who stands between this device and the server; what fits is kept for the next try";
  return new TradewindError(isWrong ? "repository_refused" : "repository_unreachable", message, { hint });
}

/** One wrong block may be the line's; the same one twice, all of an answer, or many in a row are not. */
function isUnfit(fetching: Fetching, origin: Origin, outcome: Outcome): boolean {
  const { wrong: all } = fetching;
  const { wrong, right, wrongInARow } = outcome;
  const before = all.get(origin) ?? new Set();
  const isRepeated = wrong.some((block) => before.has(block));
  all.set(origin, new Set([...before, ...wrong]));
  const isAll = hasOthers(fetching, origin) && right === 0 && wrong.length > 1;
  return isRepeated || isAll || wrongInARow >= mostWrongInARow;
}

/** For an answer that was refused by its head. */
export function refusedLeg(
  origin: Origin,
  judged: Exclude<JudgedAnswer, { readonly kind: "bytes" }>,
): Extract<Leg<never>, { readonly kind: "unfit" | "broken" }> {
  if (judged.kind === "unfit") return { kind: "unfit", error: refusal(`${origin.name}: ${judged.why}`) };
  const failure = lineFailure(origin.name, judged.why);
  if (judged.kind === "withheld") return { kind: "unfit", error: failure };
  const wait = judged.retryAfterMs === undefined ? {} : { retryAfterMs: judged.retryAfterMs };
  const error = new TradewindError("repository_unreachable", failure.message, wait);
  return { kind: "broken", error, gained: false };
}

/** Somebody else in the place of one of them, such as a mirror whose name was sold, says nothing of the others. */
export function elsewhereLeg(
  error: TradewindError,
): Extract<Leg<never>, { readonly kind: "unfit" }> | undefined {
  return error.code === "network_captive" ? { kind: "unfit", error } : undefined;
}

export function notSigned(origin: Origin, address: string): TradewindError {
  return refusal(`what ${origin.name} has as ${address} is not what is signed`);
}

function refusal(message: string): TradewindError {
  return new TradewindError("repository_refused", message);
}
