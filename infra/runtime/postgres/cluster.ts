import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "../chance.ts";
import { TradewindError } from "../errors.ts";
import { cannotStart, spawnQuietly } from "./spawn-quietly.ts";
import type { Launch } from "./unprivileged.ts";

/** The one user of the database, who owns it. */
export const user = "tradewind";

export type ClusterOptions = {
  readonly folder: string;
  readonly initdb: string;
  readonly launch: Launch;
  readonly chance: Chance;
  readonly signal: AbortSignal;
};

export type Cluster = { readonly place: string; readonly password: string };

/** The files of the database: those that are there, or new ones that appear whole or not at all. */
export async function ensureCluster(options: ClusterOptions): Promise<Cluster> {
  const place = join(options.folder, "cluster");
  const passwordFile = join(options.folder, "password");
  const password = await readFile(passwordFile, "utf8").catch(() => undefined);
  if (!(await isMade(place))) return { place, password: await makeCluster(place, passwordFile, options) };
  if (password !== undefined) return { place, password };
  const hint = "put the file back, or remove the folder to begin anew without the data in it";
  throw new TradewindError("folder_unusable", `${passwordFile} is missing beside its database`, { hint });
}

async function isMade(place: string): Promise<boolean> {
  const version = await readFile(join(place, "PG_VERSION"), "utf8").catch(() => undefined);
  return version !== undefined;
}

async function makeCluster(place: string, passwordFile: string, options: ClusterOptions): Promise<string> {
  const { initdb, launch, chance, signal } = options;
  const password = Buffer.from(chance.bytes(24)).toString("base64url");
  const unfinished = `${place}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (launch.user) await chmod(passwordFile, 0o644);
  const auth = ["-U", user, "--auth=scram-sha-256", "--pwfile", passwordFile];
  // No sync here: a cluster that a power cut tears is not yet renamed, or is made again since nothing is in it.
  const manner = ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"];
  await runToEnd(launch, [initdb, "-D", unfinished, ...auth, ...manner], signal);
  await chmod(passwordFile, 0o600);
  await rename(unfinished, place);
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
export async function clearOrphan(place: string, signal: AbortSignal): Promise<void> {
  const [line] = (await readFile(join(place, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const pid = Number(line);
  if (!Number.isInteger(pid) || pid <= 1 || !(await serves(pid, place))) return;
  process.kill(pid, "SIGINT");
  while (await serves(pid, place)) {
    if (signal.aborted)
      throw new TradewindError("database_unavailable", `an older server (process ${pid}) does not stop`);
    await sleep(20);
  }
}

/** Only where a process can be seen to be the server of this place is it touched; elsewhere PostgreSQL's own lock decides. */
async function serves(pid: number, place: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.includes(place);
}
