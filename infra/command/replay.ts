import process from "node:process";
import { showReport } from "#gateway/replay/report/show-report.ts";
import { readRequest } from "./replay/read-request.ts";
import { runReplay } from "./replay/run-replay.ts";

/** `tradewind replay`: what recorded requests would have cost and missed, by any policy and configuration. */
export async function replay(args: string[]): Promise<number> {
  const request = readRequest(args);
  const report = await runReplay(request);
  process.stdout.write(`${request.json ? JSON.stringify(report, undefined, 2) : showReport(report)}\n`);
  return 0;
}
