import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type DevicesAsk = {
  readonly model: string | undefined;
  readonly label: string | undefined;
  /** Only those on which something failed, one by one. */
  readonly isFailed: boolean;
  readonly isJson: boolean;
};

const options = {
  model: { type: "string" },
  label: { type: "string" },
  failed: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

/** What `tradewind status devices` is asked to tell, or what is wrong with that. */
export function readDevicesAsk(args: string[]): DevicesAsk {
  const { model, label, failed: isFailed, json: isJson } = readFlags({ args, options }).values;
  for (const [flag, given] of Object.entries({ model, label }))
    if (given !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(given))
      throw new TradewindError(
        "parameter_invalid",
        `--${flag}: expected a name of letters, digits, dots and dashes`,
      );
  return { model, label, isFailed, isJson };
}
