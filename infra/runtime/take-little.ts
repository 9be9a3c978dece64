import type { RoomyProcess } from "./take-room.ts";

/**
 * A device answers a camera or two, and has other things to keep in memory: short-lived objects get a megabyte instead
 * of sixteen, and the others are collected from the first megabytes on and with memory in mind, where Node would let
 * hundreds of images pass before it looks; the second compiler, whose own code is 5 MB, is left out, and so is a copy
 * of Node's own code that makes calls a little shorter. What is allocated outside of the heap comes from one place and
 * goes back to the system. Sessions compute as fast as ever, since none of that is theirs.
 */
export const littleFlags: readonly string[] = [
  "--max-semi-space-size=1",
  "--initial-old-space-size=1",
  "--optimize-for-size",
  "--v8-pool-size=1",
  "--no-turbofan",
  "--no-short-builtin-calls",
];
export const littleEnv: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "131072",
  UV_THREADPOOL_SIZE: "2",
};

/**
 * Goes on as the same process with these limits, which can be said only before Node starts. Returns where it is so
 * already, or where whoever started the process has to say it.
 */
export function takeLittle(process: RoomyProcess): void {
  const { execve, execPath, execArgv, argv, env, channel, platform } = process;
  const isLittle = execArgv.some((flag) => flag.startsWith("--max-semi-space-size"));
  if (isLittle || channel !== undefined || execve === undefined || platform === "win32") return;
  const known = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  execve.call(process, execPath, [execPath, ...littleFlags, ...execArgv, ...argv.slice(1)], {
    ...littleEnv,
    ...Object.fromEntries(known),
  });
}
