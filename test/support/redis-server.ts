import { spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { selfSigned } from "./certificate.ts";
import { freePort } from "./free-port.ts";

export type RedisServer = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Alive but silent: connections are taken by the kernel, nothing is answered. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Gone at once, as in a crash; resolves when it is. */
  readonly kill: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type RedisServerOptions = {
  /** A server that comes back after a crash comes back where it was. */
  readonly port?: number;
  readonly password?: string;
  /** Speaks TLS on a second port, with a certificate of its own that the address names. */
  readonly tls?: boolean;
  readonly flags?: readonly string[];
};

/**
 * The shell waits for its input to end, which happens however the test process ends: so no server and no folder
 * outlives its test, not even after a SIGKILL.
 */
const leash =
  'redis-server "$@" >/dev/null 2>&1 & echo $!; read _; kill -9 $! 2>/dev/null; wait; rm -rf "$FOLDER"';

/** A real redis-server from PATH on a free port of the loopback, which forgets everything. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { port = await freePort(), password, tls = false } = options;
  const folder = await mkdtemp(join(tmpdir(), "tradewind-redis-"));
  const flags = [
    "--port",
    `${port}`,
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--dir",
    folder,
  ];
  const locked = password ? ["--requirepass", password] : [];
  const secure = tls ? await offerTls(folder) : undefined;
  const more = [...(secure?.flags ?? []), ...locked, ...(options.flags ?? [])];
  const shell = spawn("sh", ["-c", leash, "redis-server", ...flags, ...more], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, FOLDER: folder },
  });
  const gone = new Promise<void>((resolve) => shell.once("close", () => resolve()));
  const pid = await firstNumber(shell.stdout);
  const close = async (): Promise<void> => {
    shell.stdin.destroy();
    await gone;
  };
  const server: RedisServer = {
    url: secure?.url ?? `redis://${password ? `:${password}@` : ""}127.0.0.1:${port}`,
    port,
    pid,
    pause: () => process.kill(pid, "SIGSTOP"),
    resume: () => process.kill(pid, "SIGCONT"),
    kill: close,
    close,
    [Symbol.asyncDispose]: close,
  };
  try {
    await untilItAnswers(port);
    return server;
  } catch (error) {
    await close();
    throw error;
  }
}

async function offerTls(
  folder: string,
): Promise<{ readonly flags: readonly string[]; readonly url: string }> {
  const port = await freePort();
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const made = selfSigned(["localhost", "127.0.0.1"]);
  await writeFile(certificate, made.cert);
  await writeFile(key, made.key, { mode: 0o600 });
  const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
  return {
    flags: ["--tls-port", `${port}`, "--tls-auth-clients", "no", ...files],
    url: `rediss://127.0.0.1:${port}?ca=${encodeURIComponent(certificate)}`,
  };
}

async function firstNumber(output: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface({ input: output })) return Number(line);
  throw new Error("the shell said no process id");
}

async function untilItAnswers(port: number, triesLeft = 250): Promise<void> {
  if (await answers(port)) return;
  if (triesLeft === 0)
    throw new Error(`redis-server on port ${port} did not answer within 5 s; is it installed?`);
  await sleep(20);
  await untilItAnswers(port, triesLeft - 1);
}

/** A server that wants a password answers too: with a refusal. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write("PING\r\n"));
    socket.setTimeout(500, () => socket.destroy());
    socket.on("error", () => undefined);
    socket.once("data", (data) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()));
      socket.destroy();
    });
    socket.once("close", () => resolve(false));
  });
}
