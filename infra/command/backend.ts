import process from "node:process";
import { runInference } from "#inference/run.ts";

/** `tradewind backend`: one inference server in this process. */
export function backend(args: string[]): Promise<number> {
  return runInference(process, args);
}
