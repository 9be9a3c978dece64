/**
 * A server's own objects are few, and so V8 gives it a small heap; but bodies and tensors, which lie outside of it, count
 * against its limit, and fill it every few images. A larger first limit lets most of them die without a collection: 10 %
 * of the processor's time on images of 0.5 MB.
 */
export const roomFlag = "--initial-old-space-size=128";

/** What becoming another process needs of Node's own. */
export type RoomyProcess = {
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined where nobody talks to this process over a channel. */
  readonly channel?: unknown;
  /** Not on Windows, and not in older Nodes. */
  readonly execve?: (file: string, args: readonly string[], env: Record<string, string>) => never;
  readonly platform: string;
};

/**
 * Goes on as the same process with that limit, and with a thread for each core to decode images on: both can be said only
 * before Node starts. Returns where it is so already, or where whoever started the process has to say it.
 */
export function takeRoom(process: RoomyProcess, cores: number): void {
  const { execve, execPath, execArgv, argv, env, channel, platform } = process;
  const hasRoom = execArgv.some((flag) => flag.startsWith("--initial-old-space-size"));
  if (hasRoom || channel !== undefined || execve === undefined || platform === "win32") return;
  const known = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const threads = { UV_THREADPOOL_SIZE: String(Math.max(4, cores)) };
  execve.call(process, execPath, [execPath, roomFlag, ...execArgv, ...argv.slice(1)], {
    ...threads,
    ...Object.fromEntries(known),
  });
}
