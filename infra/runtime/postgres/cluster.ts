import { chown, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
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

/**
 * The files of the database: those that are there, or new ones. A kill at any instant leaves either no `cluster`, and
 * all is made anew, or a `cluster` with its password beside it, since that is written first.
 */
export async function ensureCluster(options: ClusterOptions): Promise<Cluster> {
  const place = join(options.folder, "cluster");
  const passwordFile = join(options.folder, "password");
  if (!(await isThere(place))) return { place, password: await makeCluster(place, passwordFile, options) };
  const password = await readFile(passwordFile, "utf8").catch(() => undefined);
  const version = await readFile(join(place, "PG_VERSION"), "utf8").catch(() => undefined);
  if (password && version !== undefined) return { place, password };
  const missing = version === undefined ? join(place, "PG_VERSION") : passwordFile;
  const hint = "put the file back, or remove the folder to begin anew without the data in it";
  throw new TradewindError(
    "folder_unusable",
    `${missing} cannot be read, so the database there cannot be used`,
    { hint },
  );
}

/** Only a folder that is not there may be made: one that cannot be looked at may hold somebody's data. */
async function isThere(place: string): Promise<boolean> {
  try {
    await stat(place);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw new TradewindError("folder_unusable", `cannot look into ${place}`, { cause });
  }
}

async function makeCluster(place: string, passwordFile: string, options: ClusterOptions): Promise<string> {
  const { folder, initdb, launch, chance, signal } = options;
  const password = Buffer.from(chance.bytes(24)).toString("base64url");
  // A room that the server's user owns, so that neither the password nor the cluster is ever open to others.
  const room = join(folder, "unfinished");
  await rm(room, { recursive: true, force: true });
  await mkdir(room, { mode: 0o700 });
  const draft = join(room, "password");
  await writeFile(draft, password, { mode: 0o600 });
  if (launch.user) for (const path of [draft, room]) await chown(path, launch.user.uid, launch.user.gid);
  const auth = ["-U", user, "--auth=scram-sha-256", "--pwfile", draft];
  const manner = ["--encoding=UTF8", "--locale=C", "--no-instructions"];
  await runToEnd(launch, [initdb, "-D", join(room, "cluster"), ...auth, ...manner], signal);
  await writeFile(passwordFile, password, { mode: 0o600, flush: true });
  await rename(join(room, "cluster"), place);
  await rm(room, { recursive: true, force: true });
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
