import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type FleetFlags = {
  /** A file in the place of what is published. */
  readonly config: string | undefined;
  readonly isApplying: boolean;
  readonly isOnce: boolean;
  readonly isJson: boolean;
  /** In the place of what the configuration says. */
  readonly everyMs: number | undefined;
};

const options = {
  config: { type: "string" },
  apply: { type: "boolean", default: false },
  once: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  every: { type: "string" },
} as const;

const every = durationUpTo("1h");

/** What `tradewind fleet` is asked to do, or what is wrong with that. */
export function readFleetFlags(args: string[]): FleetFlags {
  const { config, apply, once, json, every: given } = readFlags({ args, options }).values;
  const read = given === undefined ? undefined : every.safeParse(given);
  if (read && !read.success)
    throw new TradewindError("parameter_invalid", "--every: expected a duration up to 1h, such as 15s");
  return { config, isApplying: apply, isOnce: once, isJson: json, everyMs: read?.data };
}
