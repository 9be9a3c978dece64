import { type ChildProcess, spawn } from "node:child_process";
import { TradewindError } from "../errors.ts";
import type { Launch } from "./unprivileged.ts";

export type Spawned = {
  readonly child: ChildProcess;
  /** The last words of the program, for the one who asks why it failed. */
  readonly tail: () => string;
  /** The exit code, or why there was none; never rejects, so that nothing is left uncaught. */
  readonly ended: Promise<number | string>;
};

/** Everywhere that a system keeps its programs; our own search path is no business of a database. */
export const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Starts a program of PostgreSQL in a process group of its own, so that Ctrl-C in a terminal reaches us first. */
export function spawnQuietly({ prefix, user }: Launch, command: readonly string[]): Spawned {
  const [program = "", ...args] = [...prefix, ...command];
  const env = { PATH: usualPath, LC_ALL: "C", TZ: "UTC" };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true, ...user });
  let said = "";
  const hear = (chunk: Buffer): void => {
    said = (said + chunk.toString("utf8")).slice(-4_000);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { child, tail: () => said.trim(), ended };
}

/** The failure of a program that said this before it ended. */
export function cannotStart(said: string): TradewindError {
  const line =
    said.split("\n").find((text) => /FATAL|error|cannot|could not/i.test(text)) ?? "it gave no reason";
  return new TradewindError("database_unavailable", `the embedded PostgreSQL cannot start (${line.trim()})`, {
    cause: said,
  });
}
