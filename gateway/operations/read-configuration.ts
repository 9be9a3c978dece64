import { readText } from "#infra/runtime/config/read-text.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Query } from "#infra/runtime/postgres/database.ts";
import { type Config, parseConfig } from "../config.ts";
import { newestConfiguration } from "../records/configurations.ts";

export type ReadConfiguration = (options: { readonly signal: AbortSignal }) => Promise<Config>;

/** Reads what is published, or a file where one is named, and parses it only when it is another one. */
export function createConfigReader(query: Query, file: string | undefined): ReadConfiguration {
  let known: { readonly text: string; readonly config: Config } | undefined;
  return async (options) => {
    const { text, name } =
      file === undefined ? await readPublished(query, options) : { text: await readText(file), name: file };
    if (known?.text !== text) known = { text, config: parseConfig(text, { file: name }) };
    return known.config;
  };
}

async function readPublished(query: Query, options: { readonly signal: AbortSignal }) {
  const newest = await newestConfiguration(query, 0, options);
  if (newest) return { text: newest.text, name: `version ${newest.version}` };
  throw new TradewindError("record_unknown", "no configuration was published yet", {
    hint: "a gateway publishes its own when it starts, or tradewind config publish does; --config reads a file",
  });
}
