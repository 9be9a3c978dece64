import process from "node:process";
import { readFleetFlags } from "#gateway/operations/fleet-flags.ts";
import { runFleet } from "#gateway/operations/run.ts";
import { describeFailure } from "#infra/runtime/lifecycle.ts";

/**
 * `tradewind fleet`: looks at all providers and says what is to stand where; with `--apply` it sees to it. It has signals of
 * its own, so that wrong use is told here as with the other verbs, and is exit code 2.
 */
export async function fleet(args: string[]): Promise<number> {
  try {
    readFleetFlags(args);
  } catch (error) {
    process.stderr.write(`tradewind fleet: ${describeFailure(error)}\n`);
    return 2;
  }
  return await runFleet(process, args);
}
