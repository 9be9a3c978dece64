import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { makeFolder } from "#infra/runtime/make-folder.ts";
import { foreignCode, isMissing } from "./foreign-code.ts";
import { readProcess, sameProcess } from "./running-process.ts";

export type FolderLock = AsyncDisposable & {
  /** False on a disk that takes nothing more: the device still answers, and nobody can change anything there. */
  readonly isHeld: boolean;
};

export type LockOptions = {
  readonly folder: string;
  readonly pid: number;
  readonly chance: Chance;
};

const holder = z.strictObject({
  pid: z.int().min(1),
  boot: z.string(),
  began: z.string(),
  released: z.boolean(),
});

type Holder = z.output<typeof holder>;

/**
 * Takes a device's folder for this process until disposed, or says which living process has it.
 *
 * `lock/` holds numbered files, and whoever made the highest has the folder. A number appears whole and once (it is
 * linked into place), and only its successor removes it; so of any number of starts that find a dead holder, one makes
 * the next number, and one that looked too long ago finds a higher one and steps back.
 */
export async function lockFolder({ folder, pid, chance }: LockOptions): Promise<FolderLock> {
  const locks = join(folder, "lock");
  const me = { ...(await readProcess(pid)), released: false };
  const draft = join(locks, `.${Buffer.from(chance.bytes(8)).toString("hex")}`);
  try {
    await makeFolder(locks);
    const number = await takeNext({ locks, draft, folder, me });
    await removeOlder(locks, number);
    return held(join(locks, String(number)), { draft, me });
  } catch (error) {
    if (!isFull(error)) throw unusable(locks, error);
    await refuseIfHeld(locks, folder);
    return { isHeld: false, [Symbol.asyncDispose]: async () => undefined };
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

type Attempt = {
  readonly locks: string;
  readonly draft: string;
  readonly folder: string;
  readonly me: Holder;
};

async function takeNext({ locks, draft, folder, me }: Attempt): Promise<number> {
  await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
  for (let tries = 0; tries < 20; tries += 1) {
    const mine = (await refuseIfHeld(locks, folder)) + 1;
    if (!(await linked(draft, join(locks, String(mine))))) continue;
    if ((await highestIn(locks)) === mine) return mine;
    await rm(join(locks, String(mine)), { force: true });
  }
  throw new TradewindError("folder_unusable", `${folder} is being taken by many processes at once`);
}

/** Answers the highest number, of which the holder is gone; 0 for none. */
async function refuseIfHeld(locks: string, folder: string): Promise<number> {
  const highest = await highestIn(locks);
  const owner = await ownerOf(join(locks, String(highest)));
  if (owner && (await isAlive(owner))) throw running(folder, owner.pid);
  return highest;
}

function held(path: string, { draft, me }: Pick<Attempt, "draft" | "me">): FolderLock {
  const release = async (): Promise<void> => {
    // Left in its place: numbers only grow.
    await writeFile(draft, JSON.stringify({ ...me, released: true }), { mode: 0o600 });
    await rename(draft, path);
  };
  let releasing: Promise<void> | undefined;
  return {
    isHeld: true,
    [Symbol.asyncDispose]: () => {
      // What cannot be written stays a dead process's once this one ended.
      releasing ??= release().catch(() => undefined);
      return releasing;
    },
  };
}

async function highestIn(locks: string): Promise<number> {
  return Math.max(0, ...(await numbersIn(locks)));
}

async function numbersIn(locks: string): Promise<readonly number[]> {
  const names = await readdir(locks).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names.filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
}

async function removeOlder(locks: string, mine: number): Promise<void> {
  const older = (await numbersIn(locks)).filter((number) => number < mine);
  await Promise.all(older.map((number) => rm(join(locks, String(number)), { force: true })));
}

/** Undefined for what a power cut left of a file: its holder is gone. */
async function ownerOf(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    return holder.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function isAlive({ released, ...then }: Holder): Promise<boolean> {
  return !released && sameProcess(then, await readProcess(then.pid));
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (foreignCode(error) === "EEXIST") return false;
    throw error;
  }
}

function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EROFS"].includes(foreignCode(error) ?? "");
}

function running(folder: string, pid: number): TradewindError {
  return new TradewindError("agent_running", `process ${pid} is the agent of ${folder}`, {
    hint: "stop that one first, or give this one a folder of its own with --data",
  });
}

function unusable(locks: string, cause: unknown): TradewindError {
  if (cause instanceof TradewindError) return cause;
  const code = foreignCode(cause) ?? "unknown reason";
  return new TradewindError("folder_unusable", `cannot use ${locks} (${code})`, {
    cause,
    hint: "see whether this process may read and write there, and whether the disk is sound",
  });
}
