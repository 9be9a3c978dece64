import process from "node:process";
import { runInference } from "./run.ts";

process.exit(await runInference(process, process.argv.slice(2)));
