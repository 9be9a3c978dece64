import process from "node:process";
import { runEdge } from "./run.ts";

process.exit(await runEdge(process, process.argv.slice(2)));
