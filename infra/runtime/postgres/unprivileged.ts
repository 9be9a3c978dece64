import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, stat } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { TradewindError } from "../errors.ts";
import type { FolderOwner } from "./give-folder.ts";

/** How to start a program of PostgreSQL, which refuses to run as root. */
export type Launch = {
  /** Programs that each replace themselves by the next, so that the process keeps the number it was started with. */
  readonly prefix: readonly string[];
  readonly user?: FolderOwner;
  /** Whose the cluster has to be, where that is ours to say. */
  readonly owner?: FolderOwner;
};

export type LaunchOptions = {
  readonly uid: number | undefined;
  readonly path: string;
  /** Where the programs are. */
  readonly programs: string;
  /** The folder of the data, which is ours, as is the one that holds it. */
  readonly folder: string;
};

/**
 * As an ordinary user: just start it. As root: inside a user namespace, where root is called 1000 and files stay
 * root's own, so that a private folder works; where namespaces are forbidden, as a user who can reach everything.
 */
export async function chooseLaunch({ uid, path, programs, folder }: LaunchOptions): Promise<Launch> {
  const follow = await tiedToParent(path);
  if (uid !== 0) return { prefix: follow };
  const unshare = await findProgram("unshare", path);
  const namespace = unshare ? [unshare, "--user", "--map-user=1000", "--map-group=1000", "--"] : [];
  if (unshare && (await succeeds([...namespace, "/bin/true"])))
    return { prefix: [...namespace, ...follow], owner: { uid: 0, gid: 0 } };
  for (const ours of [dirname(folder), folder]) await letPass(ours);
  for (const place of [programs, folder]) await mustBeReachable(place);
  const nobody = { uid: 65_534, gid: 65_534 };
  return { prefix: follow, user: nobody, owner: nobody };
}

/** On Linux the kernel can send a signal when the parent dies, so that kill -9 leaves no database behind. */
async function tiedToParent(path: string): Promise<string[]> {
  const setpriv = process.platform === "linux" ? await findProgram("setpriv", path) : undefined;
  const prefix = setpriv ? [setpriv, "--pdeathsig", "INT", "--"] : [];
  return prefix.length > 0 && (await succeeds([...prefix, "/bin/true"])) ? prefix : [];
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}

function succeeds([program = "", ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "ignore" });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}

/**
 * Lets others pass through a private folder, though not list it: what is secret in it is a file of its owner's. One that
 * they may enter already, such as /tmp, keeps its mode.
 */
async function letPass(folder: string): Promise<void> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) await chmod(folder, (mode & 0o7777) | 0o011);
}

/** Without this check the start fails with a bare EACCES, from which nobody guesses that a parent folder is private. */
async function mustBeReachable(place: string): Promise<void> {
  const others = 0o001;
  for (let folder = place; folder !== dirname(folder); folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & others) !== 0) continue;
    const hint =
      "run as an ordinary user, open that folder to others, or use tradewind serve with DATABASE_URL";
    throw new TradewindError(
      "database_unavailable",
      `PostgreSQL does not run as root, and another user cannot enter ${folder}`,
      { hint },
    );
  }
}
