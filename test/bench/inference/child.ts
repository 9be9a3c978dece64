import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export type ChildOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A channel for orders and answers, which also tells a process of ours that the bench is gone. */
  readonly channel?: boolean;
  readonly signal: AbortSignal;
};

/** A process of the bench. It leads a group of its own, so that it ends with whatever it started, on every path. */
export type Child = AsyncDisposable & {
  readonly pid: number;
  /** The last of what it said. */
  readonly output: () => string;
  readonly ended: () => boolean;
  /** Its next message, after `order` where there is one; fails when it ends or takes too long. */
  readonly ask: (order: object | undefined, timeoutMs: number) => Promise<unknown>;
};

export async function openChild(options: ChildOptions): Promise<Child> {
  const { command, args, cwd, env, channel = true, signal } = options;
  signal.throwIfAborted();
  const child = spawn(command, [...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe", channel ? "ipc" : "ignore"],
  });
  const output = collect(child);
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  await once(child, "spawn");
  return {
    pid: child.pid ?? 0,
    output,
    ended,
    ask: (order, timeoutMs) => {
      const limits = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return nextMessage(child, order, limits, output);
    },
    [Symbol.asyncDispose]: () => end(child, ended),
  };
}

function collect(child: ChildProcess): () => string {
  let text = "";
  const append = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-20_000);
  };
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  return () => text;
}

function nextMessage(
  child: ChildProcess,
  order: object | undefined,
  signal: AbortSignal,
  output: () => string,
): Promise<unknown> {
  const said = (problem: string, cause?: unknown) =>
    new Error(`${child.spawnargs.slice(0, 4).join(" ")} ${problem}; it said:\n${output()}`, { cause });
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off("message", hear).off("exit", leave);
      signal.removeEventListener("abort", giveUp);
      act();
    };
    const hear = (message: unknown) => settle(() => resolve(message));
    const leave = () => settle(() => reject(said("ended")));
    const giveUp = () => settle(() => reject(said("did not answer", signal.reason)));
    child.on("message", hear).on("exit", leave);
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
    else if (order) child.send(order);
  });
}

async function end(child: ChildProcess, ended: () => boolean): Promise<void> {
  if (!ended()) {
    signalGroup(child, "SIGTERM");
    const gone = once(child, "exit");
    await Promise.race([gone, sleep(10_000, undefined, { ref: false })]);
  }
  signalGroup(child, "SIGKILL");
}

/** A group that is gone already needs no signal. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
