import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { durationUpTo, shareUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type DrillAsk = {
  /** Whose loss is rehearsed. */
  readonly provider: string;
  readonly forMs: number;
  /** How long the fleet is watched before, so that there is something to compare with. */
  readonly beforeMs: number;
  /** The share of requests that may be late or fail. */
  readonly mostMissed: number;
  readonly isDry: boolean;
  readonly isJson: boolean;
};

const options = {
  lose: { type: "string" },
  for: { type: "string", default: "5m" },
  before: { type: "string", default: "30s" },
  "max-miss": { type: "string", default: "0.1%" },
  "dry-run": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const usage =
  "expected: tradewind drill --lose PROVIDER [--for 5m] [--max-miss 0.1%] [--before 30s] [--dry-run] [--json]";

/** What `tradewind drill` is asked to do, or what is wrong with that. */
export function readDrillAsk(args: string[]): DrillAsk {
  const { values } = readFlags({ args, options });
  if (values.lose === undefined) throw new TradewindError("request_malformed", usage);
  return {
    provider: values.lose,
    // As long as a gateway refuses a provider by itself; whoever drills for longer means something else.
    forMs: read("for", durationUpTo("50m"), values.for),
    beforeMs: read("before", durationUpTo("1h"), values.before),
    mostMissed: read("max-miss", shareUpTo(1), values["max-miss"]),
    isDry: values["dry-run"],
    isJson: values.json,
  };
}

type Readable = {
  readonly safeParse: (given: string) => {
    readonly data?: number | undefined;
    readonly error?: { readonly issues: readonly { readonly message: string }[] } | undefined;
  };
};

function read(flag: string, schema: Readable, given: string): number {
  const { data, error } = schema.safeParse(given);
  if (data !== undefined) return data;
  throw new TradewindError("parameter_invalid", `--${flag}: ${error?.issues[0]?.message ?? "wrong"}`);
}
