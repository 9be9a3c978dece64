import process from "node:process";
import { runFleet } from "#gateway/operations/run.ts";

/** `tradewind fleet`: looks at all providers and says what is to stand where; with `--apply` it sees to it. */
export function fleet(args: string[]): Promise<number> {
  return runFleet(process, args);
}
