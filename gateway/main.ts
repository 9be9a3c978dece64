import process from "node:process";
import { runGateway } from "./run.ts";

process.exit(await runGateway(process, process.argv.slice(2)));
