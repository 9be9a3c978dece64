import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { repository } from "#test/support/run-tradewind.ts";

/** `tradewind fleet --apply` as its own process. */
export type FleetProcess = AsyncDisposable & {
  readonly pid: number;
  readonly said: () => string;
  readonly kill: () => void;
};

export async function startFleet(env: Readonly<Record<string, string>>): Promise<FleetProcess> {
  const child = spawn(process.execPath, [join(repository, "infra/main.ts"), "fleet", "--apply"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(child, "close");
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-200_000);
    });
  return {
    pid: child.pid ?? 0,
    said: () => text,
    kill: () => void child.kill("SIGKILL"),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await exit;
      clearTimeout(late);
    },
  };
}
