import { z } from "zod";
import { decisionsAnswer } from "#gateway/document/ledger-routes.ts";
import type { Decision } from "#gateway/ledger/decision.ts";
import { readDecision } from "#gateway/ledger/written-decision.ts";
import { isErrorCode, TradewindError } from "#infra/runtime/errors.ts";

export type GatewayAsk = {
  readonly url: string;
  readonly key: string | undefined;
  readonly requestId: string;
};

/** The same from a gateway's administrators' door, which also knows what nobody wrote down yet. */
export async function askGateway({ url, key, requestId }: GatewayAsk): Promise<readonly Decision[]> {
  if (key === undefined)
    throw new TradewindError("key_missing", "asking a gateway takes --key, or TRADEWIND_KEY");
  const address = addressOf(url, requestId);
  // A redirect would carry the key to wherever it leads.
  const init = {
    headers: { "x-api-key": key },
    redirect: "error",
    signal: AbortSignal.timeout(30_000),
  } as const;
  const response = await fetch(address, init).catch((cause: unknown) => {
    throw new TradewindError("backend_unreachable", `nobody answers at ${address.origin}`, { cause });
  });
  const body = parseJson(await readText(response));
  if (!response.ok) throw refused(response.status, body);
  const answer = decisionsAnswer.safeParse(body);
  if (answer.success) return answer.data.decisions.map(readDecision);
  throw new TradewindError("backend_answer_invalid", `${address.origin} is no gateway of this version`);
}

/** Longer answers than that have no gateway at their other end. */
const mostBytes = 16_777_216;

function addressOf(url: string, requestId: string): URL {
  if (/^https?:\/\//.test(url) && URL.canParse(url))
    return new URL(`/v1/admin/decisions/${encodeURIComponent(requestId)}`, url);
  throw new TradewindError("config_invalid", "--url: expected http://HOST:PORT or https://HOST");
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > mostBytes) throw new TradewindError("backend_answer_invalid", "the answer has no end");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const problem = z.object({ code: z.string(), detail: z.string().max(2_000) });

function refused(status: number, body: unknown): TradewindError {
  const told = problem.safeParse(body);
  if (told.success && isErrorCode(told.data.code))
    return new TradewindError(told.data.code, told.data.detail);
  return new TradewindError("backend_answer_invalid", `the gateway answered with ${status}`);
}
