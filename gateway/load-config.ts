import { readFile } from "node:fs/promises";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Config, parseConfig } from "./config.ts";

/** The configuration in a file, or one error about the file or about everything in it. */
export async function loadConfig(file: string): Promise<Config> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new TradewindError("config_invalid", `cannot read ${file} (${cause.code ?? "unknown reason"})`, {
      cause,
    });
  });
  return parseConfig(text, { file });
}
