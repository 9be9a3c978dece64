import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

/** A backend as its own process, ready. Disposing ends it without ceremony where it still runs. */
export type BackendProcess = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** As a Host header has it. */
  readonly host: string;
  readonly pid: number;
  /** The last of what it said, log and complaints together. */
  readonly said: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly running: () => boolean;
  /** How it ended. */
  readonly exit: Promise<Exit>;
  /** Asks it to stop and waits for its end. */
  readonly stop: () => Promise<Exit>;
};

/** The exit code, or the signal that ended it. */
export type Exit = number | NodeJS.Signals;

const main = resolve(import.meta.dirname, "../../inference/main.ts");

/** `tradewind backend` from this checkout on a free port; fails with all it said when it does not get ready. */
export function startBackend(...args: readonly string[]): Promise<BackendProcess> {
  return startBackendIn({}, ...args);
}

/** The same with more in its environment; `signal` ends it while it still gets ready. */
export async function startBackendIn(
  { env = {}, signal }: { readonly env?: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
  ...args: readonly string[]
): Promise<BackendProcess> {
  const child = spawn(process.execPath, [main, "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, ...env },
    ...(signal && { signal, killSignal: "SIGKILL" }),
  });
  // An abort is told by its end too.
  child.on("error", () => undefined);
  let text = "";
  const append = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-100_000);
  };
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  const exit = once(child, "exit").then(([code, signal]): Exit => code ?? signal);
  const ended = exit.then((how) => Promise.reject(new Error(`it ended with ${how}`)));
  ended.catch(() => {});
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  try {
    const url = await Promise.race([readyUrl(child), ended]);
    const { port, host } = new URL(url);
    const stop = (): Promise<Exit> => {
      kill("SIGTERM");
      return exit;
    };
    const dispose = async (): Promise<void> => {
      kill("SIGKILL");
      await exit;
    };
    return {
      ...{ url, port: Number(port), host, pid: child.pid ?? 0, said: () => text, signal: kill, exit, stop },
      running: () => child.exitCode === null && child.signalCode === null,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (cause) {
    kill("SIGKILL");
    throw new Error(`the backend did not get ready; it said:\n${text}`, { cause });
  }
}

type Announced = { readonly ready?: { readonly url: string }; readonly failed?: string };

function readyUrl(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((found, reject) => {
    child.on("message", ({ ready, failed }: Announced) => {
      if (ready) found(ready.url);
      else if (failed !== undefined) reject(new Error(failed));
    });
  });
}
