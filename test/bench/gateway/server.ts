import { setTimeout as sleep } from "node:timers/promises";
import { descendants } from "../../support/process-tree.ts";
import { type Child, openChild } from "../inference/child.ts";

/** Something that listens on the loopback, and the processes whose time it takes. */
export type Server = AsyncDisposable & {
  readonly port: number;
  readonly pids: readonly number[];
  /** The last of what it said. */
  readonly output: () => string;
};

export type ModuleOptions = {
  readonly module: URL;
  readonly args?: readonly string[];
  readonly signal: AbortSignal;
};

/** A server of the bench's own: it says its port when it listens. */
export async function serveModule({ module, args = [], signal }: ModuleOptions): Promise<Server> {
  const child = await openChild({
    command: process.execPath,
    args: [...nodeFlags, module.pathname, ...args],
    signal,
  });
  return await ready(child, async () => Number(await child.ask(undefined, 20_000)));
}

export type ProgramOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

/** Somebody else's program: it is ready once its port answers anything at all. */
export async function serveProgram({ port, signal, ...program }: ProgramOptions): Promise<Server> {
  const child = await openChild({ ...program, channel: false, signal });
  return await ready(child, async () => {
    for (const started = performance.now(); performance.now() - started < 20_000; await sleep(50)) {
      signal.throwIfAborted();
      if (child.ended()) break;
      const limits = AbortSignal.any([signal, AbortSignal.timeout(2_000)]);
      const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: limits }).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer) return port;
    }
    throw new Error(`${program.command} did not get ready; it said:\n${child.output()}`);
  });
}

/** Hands a child over with its port, or ends it. */
export async function ready(child: Child, port: () => Promise<number>): Promise<Server> {
  try {
    const listening = await port();
    const pids = [child.pid, ...(await descendants(child.pid))];
    return {
      port: listening,
      pids,
      output: child.output,
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** The same room for every process of ours on Node, the gateway's too. */
export const nodeFlags: readonly string[] = [];
