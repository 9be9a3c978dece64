import process from "node:process";
import { parseConfig } from "#gateway/config.ts";
import { publishConfiguration } from "#gateway/records/configurations.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { atDatabase, readVersion, whoever } from "./at-database.ts";

const options = { note: { type: "string" }, expect: { type: "string" } } as const;

/** `tradewind config publish FILE [--note TEXT] [--expect VERSION]`: for all gateways, after it was checked here. */
export async function publish(args: string[]): Promise<number> {
  const { values, positionals } = readFlags({ args, allowPositionals: true, options });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new TradewindError("request_malformed", "expected: tradewind config publish FILE [--note TEXT]");
  const { note = "" } = values;
  if (note.length > 500)
    throw new TradewindError("parameter_invalid", "--note: expected 500 characters at most");
  const expected = values.expect === undefined ? undefined : readVersion(values.expect);
  const text = await readText(file);
  parseConfig(text, { file });
  const publication = { text, source: "admin", actor: whoever(), note, expected } as const;
  return await atDatabase(async (database, within) => {
    const { isNew, entry } = await publishConfiguration(database, publication, within);
    const told = isNew
      ? `${file} is version ${entry.version} now`
      : `${file} is version ${entry.version} already`;
    process.stdout.write(`${told}\n`);
    return 0;
  });
}
