import type { Scaling } from "#adapters/control.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type ScaleAsk = {
  readonly provider: string;
  readonly wanted: Scaling;
  readonly file: string | undefined;
  readonly isDetached: boolean;
  readonly isDry: boolean;
  readonly isJson: boolean;
};

const options = {
  config: { type: "string" },
  detach: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const usage =
  "expected: tradewind scale PROVIDER COUNT|LEAST..MOST [--config FILE] [--detach] [--dry-run] [--json]";

/** What `tradewind scale` is asked to do, or what is wrong with that. */
export function readScaleAsk(args: string[]): ScaleAsk {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const [provider, size, ...more] = positionals;
  if (provider === undefined || size === undefined || more.length > 0)
    throw new TradewindError("request_malformed", usage);
  const { config: file, detach: isDetached, json: isJson } = values;
  return { provider, wanted: readSize(size), file, isDetached, isDry: values["dry-run"], isJson };
}

/** As many as a configuration may name. */
const mostInstances = 10_000;

function readSize(text: string): Scaling {
  const [, first, second] = /^(\d{1,5})(?:\.\.(\d{1,5}))?$/.exec(text) ?? [];
  const [least, most] = [Number(first), Number(second ?? first)];
  if (first === undefined || most > mostInstances || least > most)
    throw new TradewindError(
      "parameter_invalid",
      `"${text.slice(0, 40)}" is no size: expected a count such as 3, or LEAST..MOST such as 1..5, up to ${mostInstances}`,
    );
  return second === undefined ? { count: least } : { least, most };
}
