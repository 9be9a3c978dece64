import process from "node:process";
import { runWorker } from "../run-worker.ts";

process.exit(await runWorker(process));
