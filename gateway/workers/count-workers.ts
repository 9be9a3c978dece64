import { availableParallelism } from "node:os";
import type { Config } from "../config.ts";

/** How many processes to run: one for each core that this process may use, unless the configuration counts them. */
export function countWorkers({ workers }: Pick<Config, "workers">): number {
  return workers === "auto" ? availableParallelism() : workers;
}
