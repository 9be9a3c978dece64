import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type FreezeAsk = {
  /** All of them where none is named. */
  readonly provider: string | undefined;
  readonly isOff: boolean;
  readonly why: string;
  readonly forMs: number | undefined;
  readonly isDry: boolean;
  readonly isJson: boolean;
};

const options = {
  off: { type: "boolean", default: false },
  why: { type: "string" },
  for: { type: "string" },
  "dry-run": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const usage =
  "expected: tradewind freeze [PROVIDER] [--why TEXT] [--for 2h] [--dry-run] [--json], or tradewind freeze --off [PROVIDER]";

const duration = durationUpTo("30d");

/** What `tradewind freeze` is asked to do, or what is wrong with that. */
export function readFreezeAsk(args: string[]): FreezeAsk {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const [provider, ...more] = positionals;
  const { off: isOff, why = "by hand", json: isJson } = values;
  const isBoth = isOff && (values.why !== undefined || values.for !== undefined);
  if (more.length > 0 || isBoth) throw new TradewindError("request_malformed", usage);
  if (why.trim() === "" || why.length > 500)
    throw new TradewindError("parameter_invalid", "--why: expected a reason of 500 characters at most");
  return { provider, isOff, why, forMs: readFor(values.for), isDry: values["dry-run"], isJson };
}

function readFor(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const read = duration.safeParse(given);
  if (read.success) return read.data;
  throw new TradewindError("parameter_invalid", "--for: expected a duration up to 30d, such as 2h");
}
