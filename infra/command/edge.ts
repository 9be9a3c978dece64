import process from "node:process";
import { runEdge } from "#edge/run.ts";
import { takeLittle } from "#infra/runtime/take-little.ts";

/** `tradewind edge`: the agent of one device in this process. */
export function edge(args: string[]): Promise<number> {
  takeLittle(process);
  return runEdge(process, args);
}
