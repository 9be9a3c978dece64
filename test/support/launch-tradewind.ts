import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { resolve } from "node:path";

export type LaunchOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** A Tradewind that a user's own command started and that has said it is ready. */
export type Tradewind = {
  /** Where an image goes: the address and the key of the printed curl line. */
  readonly detectUrl: string;
  readonly key: string;
  /** The sample image of the curl line. */
  readonly imagePath: string;
  /** From the command to the curl line. */
  readonly readySeconds: number;
  /** What the command started; the product's processes hang below it. */
  readonly pid: number;
  readonly output: () => string;
  /** Ctrl-C as a terminal sends it, to the whole group; resolves with the exit code as a shell shows it: npm's is 130. */
  readonly stop: () => Promise<number>;
} & AsyncDisposable;

/** Starts Tradewind the way a person does and waits until it prints its curl line; fails with all it said otherwise. */
export async function launchTradewind(options: LaunchOptions): Promise<Tradewind> {
  const { command, args, cwd, env = process.env, timeoutMs = 60_000, signal } = options;
  const started = performance.now();
  const child = spawn(command, [...args], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const output = collect(child);
  const exit = once(child, "close").then(() => exitCode(child));
  exit.catch(() => undefined);
  const deadline = AbortSignal.timeout(timeoutMs);
  const waiting = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    const curl = await curlLine(child, output, waiting);
    const readySeconds = (performance.now() - started) / 1000;
    const stop = () => interrupt(child, exit);
    return {
      ...readCurl(curl, cwd),
      readySeconds,
      pid: child.pid ?? 0,
      output,
      stop,
      [Symbol.asyncDispose]: async () => {
        await stop();
      },
    };
  } catch (error) {
    killGroup(child, "SIGKILL");
    throw new Error(`${command} ${args.join(" ")} did not get ready; it said:\n${output()}`, {
      cause: error,
    });
  }
}

function collect(child: ChildProcess): () => string {
  let text = "";
  const append = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-100_000);
  };
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  return () => text;
}

function curlLine(child: ChildProcess, output: () => string, signal: AbortSignal): Promise<string> {
  return new Promise((found, reject) => {
    child.stdout?.on("data", () => {
      const line = output().match(/^curl .*(?=\n)/m)?.[0];
      if (line) found(line);
    });
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(`ended with exit code ${code}`)));
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}

type CurlParts = Pick<Tradewind, "detectUrl" | "key" | "imagePath">;

function readCurl(line: string, cwd: string): CurlParts {
  const detectUrl = line.match(/https?:\/\/[^\s'"]+/)?.[0];
  const key = line.match(/bearer ([^\s'"]+)/i)?.[1];
  const image = line.match(/--data-binary +(['"]?)@\1(.+?)\1(?= |$)/)?.[2];
  if (!detectUrl || !key || !image) throw new Error(`the curl line lacks address, key or image: ${line}`);
  return { detectUrl, key, imagePath: resolve(cwd, image) };
}

/** A drain that hangs is cut off after half a minute, so that a test says so instead of waiting for ever. */
async function interrupt(child: ChildProcess, exit: Promise<number>): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) return exitCode(child);
  const cutOff = setTimeout(() => killGroup(child, "SIGKILL"), 30_000);
  killGroup(child, "SIGINT");
  try {
    return await exit;
  } finally {
    clearTimeout(cutOff);
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, signal);
}

/** A process that ended by a signal shows as 128 and the signal's number. */
function exitCode({ exitCode, signalCode }: ChildProcess): number {
  return exitCode ?? 128 + (signalCode === null ? 0 : constants.signals[signalCode]);
}
