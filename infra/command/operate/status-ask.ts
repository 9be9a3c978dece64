import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type StatusAsk = {
  readonly isJson: boolean;
  /** In the place of what is published. */
  readonly file: string | undefined;
  /** A gateway's, which knows of trials alone. */
  readonly url: string | undefined;
  readonly key: string | undefined;
};

const options = {
  json: { type: "boolean", default: false },
  config: { type: "string" },
  url: { type: "string" },
  key: { type: "string" },
} as const;

/** What `tradewind status` is asked to do, or what is wrong with that. */
export function readStatusAsk(args: string[]): StatusAsk {
  const { json: isJson, config: file, url, key } = readFlags({ args, options }).values;
  if ((url === undefined && key !== undefined) || (url !== undefined && file !== undefined))
    throw new TradewindError(
      "request_malformed",
      "expected: tradewind status [--json] [--config FILE], or tradewind status [--json] --url http://GATEWAY --key KEY",
    );
  return { isJson, file, url, key };
}
