import { availableParallelism } from "node:os";
import process from "node:process";
import { runInference } from "#inference/run.ts";
import { takeRoom } from "#infra/runtime/take-room.ts";

/** `tradewind backend`: one inference server in this process. */
export function backend(args: string[]): Promise<number> {
  takeRoom(process, availableParallelism());
  return runInference(process, args);
}
