import { readFile } from "node:fs/promises";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { describeFailure } from "#infra/runtime/lifecycle.ts";
import { commands } from "./command/commands.ts";
import { showHelp } from "./command/help.ts";

const inCheckout = import.meta.filename.endsWith(".ts");
if (inCheckout) {
  // A third of a second start is compiling what was compiled before; children find the folder in the environment.
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "../node_modules/.cache/tradewind");
  enableCompileCache();
}

const [verb, ...args] = process.argv.slice(2);
const command = verb === undefined ? undefined : commands.get(verb);

if (command && args.includes("--help")) {
  process.stdout.write(`${command.usage}\n`);
} else if (command) {
  try {
    process.exitCode = await command.run(args);
  } catch (error) {
    process.stderr.write(`tradewind ${verb}: ${describeFailure(error)}\n`);
    process.exitCode = 1;
  }
} else if (verb === undefined || verb === "--help" || verb === "-h" || verb === "help") {
  process.stdout.write(showHelp(commands));
} else if (verb === "--version" || verb === "-v") {
  const manifest = join(import.meta.dirname, inCheckout ? ".." : "../..", "package.json");
  process.stdout.write(`${JSON.parse(await readFile(manifest, "utf8")).version}\n`);
} else {
  process.stderr.write(`tradewind: there is no command "${verb}", see tradewind --help\n`);
  process.exitCode = 2;
}
