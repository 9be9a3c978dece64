import process from "node:process";
import { describeFailure, hostOptions } from "#infra/runtime/lifecycle.ts";
import { runFleet } from "./run.ts";

const { complain } = hostOptions(process);
const failed = (error: unknown): number => {
  complain(describeFailure(error));
  return 1;
};
process.exit(await runFleet(process, process.argv.slice(2)).catch(failed));
