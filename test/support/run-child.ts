import { type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs a program to its end and answers its exit code. A signal that comes here goes to it, and nobody leaves before it. */
export function runChild(
  program: string,
  args: readonly string[],
  { stdio = "inherit" }: Pick<SpawnOptions, "stdio"> = {},
): Promise<number> {
  const child = spawn(program, args, { stdio });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of forwarded) process.on(signal, forward);
  return new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  }).finally(() => {
    for (const signal of forwarded) process.off(signal, forward);
  });
}
