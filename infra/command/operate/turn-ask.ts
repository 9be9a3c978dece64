import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** What `tradewind promote` and `tradewind rollback` are about. */
export type TurnAsk = {
  /** A rollout's id or a provider; the one rollout that is under way where nothing is named. */
  readonly what: string | undefined;
  readonly isDetached: boolean;
  readonly isDry: boolean;
  readonly isJson: boolean;
};

const options = {
  detach: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

export function readTurnAsk(verb: "promote" | "rollback", args: string[]): TurnAsk {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const [what, ...more] = positionals;
  if (more.length > 0)
    throw new TradewindError(
      "request_malformed",
      `expected: tradewind ${verb} [ROLLOUT | PROVIDER] [--detach] [--dry-run] [--json]`,
    );
  return { what, isDetached: values.detach, isDry: values["dry-run"], isJson: values.json };
}
