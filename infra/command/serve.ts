import process from "node:process";
import { runGateway } from "#gateway/run.ts";

/** `tradewind serve`: the gateway in this process, on what the configuration and the environment name and nothing else. */
export function serve(args: string[]): Promise<number> {
  return runGateway(process, args);
}
