import type { EventEmitter } from "node:events";
import { TradewindError } from "./errors.ts";

/**
 * A process is in one of these states, and only `runProcess` moves it:
 *
 *   STARTING   what it needs is being opened; a signal now gives up and closes what already stands
 *   READY      `life.ready` is true; work arrives
 *   DRAINING   a first signal came, or the parent is gone: `ready` is false from this instant, so that nothing new is
 *              sent here, and what was opened closes in reverse, each waiting for the work it has in hand
 *   STOPPED    everything is closed; the process ends with its exit code
 *
 * A second signal, or a drain that outlasts its grace, skips to the end by `stopAtOnce`.
 */
export type Lifecycle = {
  readonly ready: boolean;
  /** Aborts at the first signal: whoever waits for something at start stops waiting. */
  readonly stopping: AbortSignal;
  /** What is opened is adopted here; the last opened closes first. */
  readonly resources: AsyncDisposableStack;
  /** Told once to whoever started this process, after everything stands. */
  readonly announce: (address: { readonly url: string }) => void;
  /** Something it cannot live without is gone: says why, drains, and ends with exit code 1. */
  readonly fail: (error: unknown) => void;
};

export type ProcessDoor = Pick<EventEmitter, "on" | "off"> & {
  readonly send?: ((message: unknown) => unknown) | undefined;
};

export type RunOptions = {
  readonly process: ProcessDoor;
  /** Shows the one line that says why; a process with a parent tells the parent instead, who shows it once. */
  readonly complain: (line: string) => void;
  /** Must end the process in whatever state it is; called at most once. */
  readonly stopAtOnce: () => void;
  readonly graceMs?: number;
};

/** What a process of ours needs of Node's own; its main hands it down. */
export type HostProcess = ProcessDoor & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stderr: { readonly write: (text: string) => unknown };
  readonly pid: number;
  readonly kill: (pid: number, signal: "SIGKILL") => unknown;
};

/** How a real process complains and stops; an ordinary exit would abort with a stack while a worker thread computes. */
export function hostOptions(process: HostProcess): RunOptions {
  return {
    process,
    complain: (line) => process.stderr.write(`tradewind: ${line}\n`),
    stopAtOnce: () => process.kill(process.pid, "SIGKILL"),
  };
}

/** Runs a process from its first line to its exit code: 0 after a drain, 1 when it could not start or a drain failed. */
export async function runProcess(
  start: (life: Lifecycle) => Promise<void>,
  options: RunOptions,
): Promise<number> {
  const stopping = new AbortController();
  const unlisten = listenForStop(stopping, options);
  const ungrace = limitStop(stopping.signal, options);
  const resources = new AsyncDisposableStack();
  const state = { ready: false, failed: false };
  const fail = (error: unknown): void => {
    state.failed = true;
    tell(describeFailure(error), options);
    stopping.abort();
  };
  const life: Lifecycle = {
    get ready() {
      return state.ready && !stopping.signal.aborted;
    },
    stopping: stopping.signal,
    resources,
    announce: (address) => {
      state.ready = true;
      options.process.send?.({ ready: address });
    },
    fail,
  };
  try {
    // An error that follows the stop signal is the sound of giving up, not a failure.
    await start(life).catch((error: unknown) => stopping.signal.aborted || fail(error));
    await aborted(stopping.signal);
    const clean = await drain(resources, options);
    return clean && !state.failed ? 0 : 1;
  } finally {
    ungrace();
    unlisten();
  }
}

/** One line for a person: ours says what is wrong and what to do, a stranger shows its stack since it is a bug. */
export function describeFailure(error: unknown): string {
  if (error instanceof TradewindError) return error.hint ? `${error.message}: ${error.hint}` : error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The second signal stops at once; so a person who presses Ctrl-C twice is believed. */
function listenForStop(stopping: AbortController, { process, stopAtOnce }: RunOptions): () => void {
  const onSignal = (): void => {
    if (stopping.signal.aborted) stopAtOnce();
    stopping.abort();
  };
  const onOrphaned = (): void => stopping.abort();
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  process.on("disconnect", onOrphaned);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    process.off("disconnect", onOrphaned);
  };
}

function tell(line: string, { process, complain }: RunOptions): void {
  if (process.send) process.send({ failed: line });
  else complain(line);
}

/** From the first signal on there is only so much time, also for a start that does not notice the signal. */
function limitStop(
  stopping: AbortSignal,
  { complain, stopAtOnce, graceMs = 30_000 }: RunOptions,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => {
      complain(`still busy ${graceMs / 1000} s after the stop signal: stopping at once`);
      stopAtOnce();
    }, graceMs);
  };
  stopping.addEventListener("abort", begin, { once: true });
  return () => {
    stopping.removeEventListener("abort", begin);
    clearTimeout(timer);
  };
}

async function drain(resources: AsyncDisposableStack, { complain }: RunOptions): Promise<boolean> {
  try {
    await resources.disposeAsync();
    return true;
  } catch (error) {
    complain(describeFailure(error));
    return false;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
