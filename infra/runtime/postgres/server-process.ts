import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { systemClock } from "../clock.ts";
import { TradewindError } from "../errors.ts";
import { type Cluster, user } from "./cluster.ts";
import { cannotStart, spawnQuietly } from "./spawn-quietly.ts";
import { stopProcess } from "./stop-process.ts";
import type { Launch } from "./unprivileged.ts";

export type ServerProcess = AsyncDisposable & { readonly url: string; readonly pid: number };

export type ServerOptions = {
  readonly cluster: Cluster;
  readonly postgres: string;
  readonly launch: Launch;
  readonly signal: AbortSignal;
};

/** Starts the server on a free port of the loopback, again on another if somebody was quicker there. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnPort(await freePort(), options);
    } catch (error) {
      const portWasTaken = String((error as TradewindError).cause).includes(
        "could not create any TCP/IP sockets",
      );
      if (!portWasTaken || tries === 3) throw error;
    }
  }
}

async function startOnPort(port: number, options: ServerOptions): Promise<ServerProcess> {
  const { cluster, postgres, launch, signal } = options;
  const { child, tail, ended } = spawnQuietly(launch, [postgres, "-D", cluster.place, ...settings(port)]);
  const url = `postgres://${user}:${cluster.password}@127.0.0.1:${port}/postgres`;
  const stop = (): Promise<void> => stopProcess({ child, ended }, systemClock);
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
  } catch (error) {
    // Why it did not start says more than that it does not end either.
    await stop().catch(() => {});
    throw error;
  }
  return { url, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

/** Small enough for a laptop, durable as ever: fsync stays on. No Unix socket, since its path may not be long. */
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

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code === "28P01") {
      throw new TradewindError("folder_unusable", "the password beside the database does not open it", {
        cause,
      });
    }
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
