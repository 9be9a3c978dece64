import { type ParseArgsConfig, parseArgs } from "node:util";
import { TradewindError } from "../errors.ts";

/** The flags of a command, or one line about the one that is wrong. */
export function readFlags<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    const [sentence = "the flags cannot be read"] = (cause as Error).message.split(". ");
    const message = sentence.charAt(0).toLowerCase() + sentence.slice(1);
    throw new TradewindError("config_invalid", message, { cause, hint: "see tradewind --help" });
  }
}
