import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ask, askAt, type Reply } from "./gateway-process.ts";
import { repository } from "./run-tradewind.ts";

/** `tradewind serve` on a file that changes while it runs. */
export type ConfigGateway = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  readonly file: string;
  readonly said: () => string;
  readonly ask: (path: string, options?: Ask) => Promise<Reply>;
  /** Puts another file in its place, as an editor does. */
  readonly write: (text: string) => Promise<void>;
  readonly signal: (name: "SIGHUP" | "SIGKILL") => void;
  /** Another process on the same file, where this one is gone. */
  readonly again: () => Promise<ConfigGateway>;
};

export type ConfigGatewayOptions = {
  readonly text: string;
  readonly keys?: string;
  readonly env?: Readonly<Record<string, string>>;
};

const main = join(repository, "infra/main.ts");

export async function startConfigGateway({
  text,
  keys,
  env = {},
}: ConfigGatewayOptions): Promise<ConfigGateway> {
  const folder = await mkdtemp(join(tmpdir(), "config-gateway-"));
  await writeFile(join(folder, "tradewind.yaml"), text);
  if (keys !== undefined) await writeFile(join(folder, "keys.yaml"), keys);
  return await startIn(folder, env);
}

async function startIn(folder: string, env: Readonly<Record<string, string>>): Promise<ConfigGateway> {
  const file = join(folder, "tradewind.yaml");
  const { DATABASE_URL: _, REDIS_URL: __, ...usual } = process.env;
  const child = spawn(process.execPath, [main, "serve", "--config", file, "--port", "0"], {
    env: { ...usual, ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      said += chunk;
    });
  }
  const exit = once(child, "close");
  const opened = Promise.withResolvers<string>();
  child.on("message", ({ ready }: { readonly ready?: { readonly url: string } }) => {
    if (ready) opened.resolve(ready.url);
  });
  child.once("exit", (code) => opened.reject(new Error(`it ended with ${code} and said:\n${said}`)));
  const url = await opened.promise;
  return {
    ...{ url, file, pid: child.pid ?? 0, said: () => said, ask: (path, asked) => askAt(url, path, asked) },
    write: async (text) => {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    },
    signal: (name) => void child.kill(name),
    again: async () => {
      await exit;
      return await startIn(folder, env);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exit;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
