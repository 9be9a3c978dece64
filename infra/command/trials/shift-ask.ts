import type { Shift } from "#gateway/trials/splice-route.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { shareUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type ShiftAsk = Shift & {
  /** Whatever was measured. */
  readonly isForced: boolean;
  readonly note: string;
  /** A gateway's, where the database is not asked. */
  readonly url: string | undefined;
  readonly key: string | undefined;
};

const options = {
  force: { type: "boolean" },
  url: { type: "string" },
  key: { type: "string" },
} as const;

const share = shareUpTo(1);

/** What `tradewind shift` is asked to do, or what is wrong with that. */
export function readShiftAsk(args: string[]): ShiftAsk {
  const { values, positionals } = readFlags({ args, allowPositionals: true, options });
  const [model, provider, given, ...more] = positionals;
  const { url, key, force: isForced = false } = values;
  if (model === undefined || provider === undefined || given === undefined || more.length > 0)
    throw wrongUse();
  if (url === undefined && key !== undefined) throw wrongUse();
  const read = share.safeParse(given);
  if (!read.success)
    throw new TradewindError("parameter_invalid", "SHARE: expected one from 0% to 100%, such as 10%");
  const note = `shift ${model} ${provider} ${given}${isForced ? " --force" : ""}`.slice(0, 500);
  return { model, provider, share: read.data, isForced, note, url, key };
}

function wrongUse(): TradewindError {
  return new TradewindError(
    "request_malformed",
    "expected: tradewind shift MODEL PROVIDER 0%|1%|10%|100% [--force] [--url http://GATEWAY --key KEY]",
  );
}
