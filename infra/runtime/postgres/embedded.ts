import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type Chance, systemChance } from "../chance.ts";
import { TradewindError } from "../errors.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { takeFolder } from "./owner.ts";
import { chooseLaunch, type Launch } from "./unprivileged.ts";

/**
 * A PostgreSQL of this process's own, for a laptop and for tests. It goes through these states in order:
 *
 *   TAKING     the folder is taken for this process, or the one that has it is named
 *   MAKING     first use only: initdb writes beside the final name and is renamed, so a kill leaves nothing half-made
 *   CLEARING   after a crash: a server that outlived its parent on this folder is stopped
 *   STARTING   the server runs but refuses connections while it recovers
 *   OPEN       it answers; `url` leads there
 *   CLOSED     it was told to shut down (open transactions end), was waited for, and the folder is free
 */
export type EmbeddedPostgres = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  readonly close: () => Promise<void>;
};

export type EmbeddedOptions = {
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** Where programs are looked for, as in PATH. */
  readonly path?: string;
  readonly startTimeoutMs?: number;
  readonly chance?: Chance;
};

const user = "tradewind";
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export async function openEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { folder, path = usualPath, startTimeoutMs = 20_000, chance = systemChance } = options;
  const limit = AbortSignal.timeout(startTimeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const binaries = await findBinaries();
  await makeFolder(folder);
  await using opening = new AsyncDisposableStack();
  opening.use(await takeFolder(folder));
  const place = await preparePlace(folder, path, binaries);
  const password = await ensureCluster(place, binaries, { chance, signal });
  await clearOrphan(place.cluster, signal);
  const server = await startServer(place, binaries, { password, signal });
  opening.defer(server.stop);
  const opened = opening.move();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= opened.disposeAsync();
    return closing;
  };
  return { url: server.url, pid: server.pid, close, [Symbol.asyncDispose]: close };
}

/** Where things lie, and how the programs are started there. */
type Place = { readonly folder: string; readonly cluster: string; readonly launch: Launch };

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    throw new TradewindError("folder_unusable", `cannot make the folder ${folder} (${reason})`, { cause });
  }
}

async function preparePlace(folder: string, path: string, { postgres }: Binaries): Promise<Place> {
  const launch = await chooseLaunch({
    uid: process.getuid?.(),
    path,
    reach: [dirname(postgres), dirname(folder)],
    own: folder,
  });
  return { folder, cluster: join(folder, "cluster"), launch };
}

type Making = { readonly chance: Chance; readonly signal: AbortSignal };

async function ensureCluster(
  { folder, cluster, launch }: Place,
  { initdb }: Binaries,
  making: Making,
): Promise<string> {
  const passwordFile = join(folder, "password");
  const kept = await readFile(passwordFile, "utf8").catch(() => undefined);
  const made = await readFile(join(cluster, "PG_VERSION"), "utf8").catch(() => undefined);
  if (kept !== undefined && made !== undefined) return kept;
  const password = Buffer.from(making.chance.bytes(24)).toString("base64url");
  const unfinished = `${cluster}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await writeFile(passwordFile, password, { mode: launch.user ? 0o644 : 0o600 });
  const auth = ["-U", user, "--auth=scram-sha-256", "--pwfile", passwordFile];
  // No sync here: a cluster that a power cut tears is not yet renamed, or is made again since nothing is in it.
  const text = ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"];
  await runToEnd(launch, [initdb, "-D", unfinished, ...auth, ...text], making.signal);
  await rename(unfinished, cluster);
  await chmod(passwordFile, 0o600);
  return password;
}

async function runToEnd(launch: Launch, command: readonly string[], signal: AbortSignal): Promise<void> {
  const { child, tail, ended } = spawnQuietly(launch, command);
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  const code = await ended;
  signal.removeEventListener("abort", kill);
  if (code !== 0) throw cannotStart(tail());
}

/** A server that lost its parent still holds the cluster: it is ours to stop, since the folder is ours. */
async function clearOrphan(cluster: string, signal: AbortSignal): Promise<void> {
  const [line] = (await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const pid = Number(line);
  if (!Number.isInteger(pid) || pid <= 1 || !(await servesCluster(pid, cluster))) return;
  process.kill(pid, "SIGINT");
  while (await servesCluster(pid, cluster)) {
    if (signal.aborted)
      throw new TradewindError("database_unavailable", `an older server (process ${pid}) does not stop`);
    await sleep(20);
  }
}

async function servesCluster(pid: number, cluster: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  return command === undefined ? process.platform !== "linux" : command.includes(cluster);
}

type Server = { readonly url: string; readonly pid: number; readonly stop: () => Promise<void> };

type Starting = { readonly password: string; readonly signal: AbortSignal };

async function startServer(place: Place, binaries: Binaries, starting: Starting): Promise<Server> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnPort(await freePort(), place, binaries, starting);
    } catch (error) {
      const portWasTaken = String((error as TradewindError).cause).includes(
        "could not create any TCP/IP sockets",
      );
      if (!portWasTaken || tries === 3) throw error;
    }
  }
}

async function startOnPort(
  port: number,
  place: Place,
  binaries: Binaries,
  starting: Starting,
): Promise<Server> {
  const { password, signal } = starting;
  const { child, tail, ended } = spawnQuietly(place.launch, [
    binaries.postgres,
    "-D",
    place.cluster,
    ...settings(port),
  ]);
  const url = `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;
  const stop = (): Promise<void> => stopServer(child, ended);
  let over = false;
  void ended.then(() => {
    over = true;
  });
  try {
    while (!(await answers(url))) {
      if (over) throw cannotStart(tail());
      if (signal.aborted)
        throw new TradewindError("database_unavailable", "the embedded PostgreSQL did not start in time");
      await sleep(20);
    }
    return { url, pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Small enough for a laptop, durable as ever: fsync stays on. */
function settings(port: number): string[] {
  const values = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 40,
    shared_buffers: "16MB",
    dynamic_shared_memory_type: process.platform === "win32" ? "windows" : "mmap",
    max_worker_processes: 2,
    max_parallel_workers: 0,
    autovacuum_max_workers: 1,
    max_wal_senders: 0,
    wal_level: "minimal",
    io_method: "sync",
    log_min_messages: "warning",
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

type Spawned = {
  readonly child: ChildProcess;
  /** The last words of the program, for the one who asks why it failed. */
  readonly tail: () => string;
  /** The exit code, or why there was none; never rejects, so that nothing is left uncaught. */
  readonly ended: Promise<number | string>;
};

function spawnQuietly({ prefix, user: as }: Launch, command: readonly string[]): Spawned {
  const [program = "", ...args] = [...prefix, ...command];
  const env = { PATH: usualPath, LC_ALL: "C", TZ: "UTC" };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true, ...as });
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

function cannotStart(said: string): TradewindError {
  const line =
    said.split("\n").find((text) => /FATAL|error|cannot|could not/i.test(text)) ?? "it gave no reason";
  return new TradewindError("database_unavailable", `the embedded PostgreSQL cannot start (${line.trim()})`, {
    cause: said,
  });
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Fast shutdown rolls open transactions back; if that takes long, immediate shutdown leaves recovery to the next start. */
async function stopServer(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGINT");
  const force = setTimeout(() => child.kill("SIGQUIT"), 10_000);
  await ended;
  clearTimeout(force);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
