import { readText } from "#infra/runtime/config/read-text.ts";
import { type Config, parseConfig } from "./config.ts";

/** The configuration in a file, or one error about the file or about everything in it. */
export async function loadConfig(file: string): Promise<Config> {
  return parseConfig(await readText(file), { file });
}
