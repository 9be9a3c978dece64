import process from "node:process";
import { writeDecision } from "#gateway/ledger/written-decision.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { acceptRequestId } from "#infra/runtime/request-id.ts";
import { askGateway } from "./explain/ask-gateway.ts";
import { readFromDatabase } from "./explain/read-from-database.ts";
import { showDecision } from "./explain/show-decision.ts";

const options = {
  json: { type: "boolean" },
  url: { type: "string" },
  key: { type: "string" },
} as const;

/** `tradewind explain REQUEST-ID`: who could have answered, who was asked and why, and what came of it. */
export async function explain(args: string[]): Promise<number> {
  const { values, positionals } = readFlags({ args, allowPositionals: true, options });
  const [given, ...more] = positionals;
  const requestId = acceptRequestId(given);
  if (requestId === undefined || more.length > 0) throw wrongUse();
  const { url, key = process.env.TRADEWIND_KEY, json = false } = values;
  if (url === undefined && values.key !== undefined) throw wrongUse();
  const decisions =
    url === undefined
      ? await readFromDatabase(process.env.DATABASE_URL, requestId)
      : await askGateway({ url, key, requestId });
  if (decisions.length === 0) throw unknown(requestId);
  const text = json
    ? JSON.stringify(decisions.map(writeDecision), undefined, 2)
    : decisions.map(showDecision).join("\n\n");
  process.stdout.write(`${text}\n`);
  return 0;
}

function wrongUse(): TradewindError {
  return new TradewindError(
    "request_malformed",
    "expected: tradewind explain REQUEST-ID [--json] [--url http://GATEWAY --key KEY]",
  );
}

function unknown(requestId: string): TradewindError {
  const hint = "decisions are kept for a day, and the busiest gateways keep only some of them";
  return new TradewindError("record_unknown", `nothing is kept of how request ${requestId} was answered`, {
    hint,
  });
}
