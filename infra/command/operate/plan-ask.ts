import { readFlags } from "#infra/runtime/config/read-flags.ts";

export type PlanAsk = { readonly file: string | undefined; readonly isJson: boolean };

const options = {
  config: { type: "string" },
  json: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
} as const;

/** What `tradewind plan` is asked to do; it is a dry run anyway. */
export function readPlanAsk(args: string[]): PlanAsk {
  const { config: file, json: isJson } = readFlags({ args, options }).values;
  return { file, isJson };
}
