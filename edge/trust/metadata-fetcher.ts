import type { Clock } from "#infra/runtime/clock.ts";
import { edgeHeader } from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Origin, OriginAnswer } from "../fetch/origin.ts";
import { type Pace, watchPace } from "./watch-pace.ts";

/** Answers undefined where the repository says that it has no such list. */
export type FetchList = (
  name: string,
  options: { readonly maxBytes: number },
) => Promise<Uint8Array | undefined>;

export type FetchDeps = {
  readonly origin: Origin;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What the gateway's own answers say of the time, where nobody on the way can have changed it. */
  readonly onDate?: (ms: number) => void;
};

/**
 * Fetches a signed list as a whole. Only a clear 404 of the repository says that a list is not there: whatever a portal
 * or a proxy on the way answers is an error, since a list that seems missing can hide that keys were changed.
 */
export function createMetadataFetcher(deps: FetchDeps): FetchList {
  return async (name, { maxBytes }) => {
    using pace = watchPace(deps.clock, deps.signal);
    try {
      const answer = await deps.origin.get({ address: `metadata/${name}`, signal: pace.signal });
      return await readList(deps, { answer, name, maxBytes, pace });
    } catch (error) {
      throw failure(error, { name, origin: deps.origin, stalled: pace.stalled() });
    }
  };
}

type Reading = {
  readonly answer: OriginAnswer;
  readonly name: string;
  readonly maxBytes: number;
  readonly pace: Pace;
};

async function readList(deps: FetchDeps, reading: Reading): Promise<Uint8Array | undefined> {
  const { answer, name } = reading;
  try {
    refuseStranger(answer, deps.origin);
    listenForDate(answer, deps);
    if (answer.status === 404) return undefined;
    if (answer.status === 200) return await readBody(reading);
    throw new TradewindError(
      "repository_unreachable",
      `${deps.origin.name} answers ${answer.status} to ${name}, which tells nothing of the list`,
    );
  } finally {
    answer.leave();
  }
}

/** A portal's page is told from the repository by what only the repository's answers carry. */
function refuseStranger(answer: OriginAnswer, origin: Origin): void {
  const { status } = answer;
  const isFailing = status >= 500 && status !== 511;
  // A mirror may say with a page that it lacks a file, never what a list says.
  const isPage = status === 200 && /^text\/html\b/i.test(answer.header("content-type") ?? "");
  const isMarked = !origin.isGateway || answer.header(edgeHeader) === "1";
  const isElsewhere = status === 511 || (status >= 300 && status < 400);
  if (isFailing || !(isElsewhere || isPage || !isMarked)) return;
  throw new TradewindError(
    "network_captive",
    `something on the way answers instead of ${origin.name} (status ${status}${isPage ? ", a web page" : ""})`,
    { hint: "the network may want a sign-in, or a proxy stands before the gateway" },
  );
}

function listenForDate(answer: OriginAnswer, { origin, onDate }: FetchDeps): void {
  if (!origin.overTls || !origin.isGateway) return;
  const ms = Date.parse(answer.header("date") ?? "");
  if (Number.isSafeInteger(ms)) onDate?.(ms);
}

async function readBody({ answer, name, maxBytes, pace }: Reading): Promise<Uint8Array> {
  const tooLong = (): TradewindError =>
    new TradewindError("repository_refused", `the repository's ${name} is longer than ${maxBytes} bytes`);
  if (Number(answer.header("content-length") ?? 0) > maxBytes) throw tooLong();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) throw tooLong();
    pieces.push(piece);
    pace.count(piece.byteLength);
  }
  return Buffer.concat(pieces);
}

function failure(
  error: unknown,
  { name, origin, stalled }: { name: string; origin: Origin; stalled: boolean },
): TradewindError {
  if (error instanceof TradewindError && !stalled) return error;
  const how = stalled ? "hardly brings anything of" : "did not bring";
  return new TradewindError("repository_unreachable", `${origin.name} ${how} ${name}`, { cause: error });
}
