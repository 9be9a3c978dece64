import type { Command } from "./command.ts";

/** The page that `tradewind --help` prints. */
export function showHelp(commands: ReadonlyMap<string, Command>): string {
  const lines = [...commands].flatMap(([verb, { summary, usage }]) => [
    `  ${verb.padEnd(9)}${summary}`,
    ...usage.split("\n").map((line) => `           ${line}`),
    "",
  ]);
  return ["tradewind: one public API in front of your image-inference services", "", ...lines].join("\n");
}
