import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { launchTradewind, type Tradewind } from "./launch-tradewind.ts";

export const repository = fileURLToPath(new URL("../../", import.meta.url));
const main = fileURLToPath(new URL("../../infra/main.ts", import.meta.url));

export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** `tradewind start` from this checkout, ready, without npm between. */
export function startTradewind(...args: string[]): Promise<Tradewind> {
  return launchTradewind({
    command: process.execPath,
    args: [main, "start", "--port", "0", ...args],
    cwd: repository,
  });
}

/** Runs a command of `tradewind` that ends by itself, on an environment that names no database. */
export async function runTradewind(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const { DATABASE_URL: _, ...usual } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...usual, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}
