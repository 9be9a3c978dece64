import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { TradewindError } from "#infra/runtime/errors.ts";
import { roomFlag } from "#infra/runtime/take-room.ts";

export type Child = AsyncDisposable & {
  readonly url: string;
  /** Resolves when the process is gone, for whatever reason. */
  readonly exited: Promise<void>;
};

export type ChildOptions = {
  readonly name: string;
  readonly module: URL;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Told of the child as soon as it exists, so that a second signal can end it at once. */
  readonly onSpawn: (child: ChildProcess) => void;
};

/**
 * Starts a part of the product as a process of its own and waits until it says that it is ready. It gets a process
 * group of its own, since a terminal sends Ctrl-C to the whole group and the parts must stop one after the other;
 * should this process be killed, the closed channel tells the child to stop.
 */
export async function startChild({ name, module, args, env, signal, onSpawn }: ChildOptions): Promise<Child> {
  const child = fork(module, [...args], {
    // Under node --watch this would make every worker thread below report its imports to its owner as messages.
    env: { ...env, WATCH_REPORT_DEPENDENCIES: undefined },
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    execArgv: ["--disable-warning=ExperimentalWarning", roomFlag],
  });
  onSpawn(child);
  const exited = once(child, "exit").then(() => {});
  const close = (): Promise<void> => stop(child, exited);
  try {
    const url = await Promise.race([readyUrl(child, signal), exited.then(() => neverReady(name, child))]);
    return { url, exited, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function neverReady(name: string, child: ChildProcess): never {
  const how = child.signalCode ?? `exit code ${child.exitCode}`;
  throw new TradewindError("internal", `the ${name} ended with ${how} before it was ready`);
}

type Message = { readonly ready?: { readonly url?: unknown }; readonly failed?: unknown };

/** A child that cannot start says why in its own words; they are passed on as they are. */
async function readyUrl(child: ChildProcess, signal: AbortSignal): Promise<string> {
  for (;;) {
    const [{ ready, failed }] = (await once(child, "message", { signal })) as [Message];
    if (typeof ready?.url === "string") return ready.url;
    if (typeof failed === "string") throw new TradewindError("internal", failed);
  }
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await exited;
}
