import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";
import { makeFolder } from "#infra/runtime/make-folder.ts";
import type { FetchedModel } from "./model-source.ts";

/** Whole versions in a folder of this process alone, each under a name that changes with its content. */
export type VersionCache = {
  readonly hold: (key: CacheKey, how: Filling) => Promise<HeldFolder>;
  /** Removes what nobody holds: what an earlier life left half done, and what it held to the end. */
  readonly tidy: () => Promise<void>;
};

export type CacheKey = { readonly model: string; readonly version: string; readonly stamp: string };

export type Filling = {
  readonly fill: (folder: string) => Promise<void>;
  /** Throws unless the folder holds what it should; asked of new folders and of those found here. */
  readonly verify: (folder: string) => Promise<void>;
};

export type HeldFolder = AsyncDisposable & { readonly folder: string };

export type CacheOptions = {
  /** Whether a folder that nobody holds stays until the next `tidy()`, so that a restart finds it again. */
  readonly keep: boolean;
};

export function heldModel(held: HeldFolder, { model, version }: Omit<CacheKey, "stamp">): FetchedModel {
  const file = { name: model, version, path: join(held.folder, "model.onnx") };
  return { file, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

type Holding = { users: number; readonly filled: Promise<void> };

/** A folder of the cache appears by renaming, so what has its name is whole. */
export function openVersionCache(root: string, { keep }: CacheOptions): VersionCache {
  const held = new Map<string, Holding>();
  let discarded = 0;

  const enter = (name: string, how: Filling): Holding => {
    const known = held.get(name);
    if (known) return known;
    const entered = { users: 0, filled: fillFolder(root, name, how) };
    held.set(name, entered);
    return entered;
  };
  const leave = async (name: string, holding: Holding): Promise<void> => {
    holding.users -= 1;
    if (holding.users > 0) return;
    held.delete(name);
    if (!keep) await remove(name);
  };
  /** Its name is free at once, before anybody else gets a turn; its content goes in its own time. */
  const remove = async (entry: string): Promise<void> => {
    discarded += 1;
    const gone = join(root, `${entry.replace(/\.gone\d*$/, "")}.gone${discarded}`);
    try {
      renameSync(join(root, entry), gone);
      await rm(gone, { recursive: true, force: true });
    } catch {
      // It was never filled, or stays for the next tidying; no model waits for its removal.
    }
  };
  return {
    hold: async (key, how) => {
      const name = nameOf(key);
      const holding = enter(name, how);
      holding.users += 1;
      try {
        await holding.filled;
      } catch (error) {
        await leave(name, holding);
        throw error;
      }
      let left: Promise<void> | undefined;
      const release = (): Promise<void> => {
        left ??= leave(name, holding);
        return left;
      };
      return { folder: join(root, name), [Symbol.asyncDispose]: release };
    },
    tidy: async () => {
      const entries = await readdir(root).catch(() => []);
      for (const entry of entries) {
        const [, name, suffix] = ours.exec(entry) ?? [];
        if (name === undefined || (!suffix?.startsWith(".gone") && held.has(name))) continue;
        await remove(entry);
      }
    },
  };
}

/** Nothing else is ever removed: the folder may have been named by mistake. */
const ours = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}-\d{1,15}-[0-9a-f]{32})(\.partial|\.gone\d*)?$/;

function nameOf({ model, version, stamp }: CacheKey): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([model, version, stamp]))
    .digest("hex");
  return `${model}-${version}-${hash.slice(0, 32)}`;
}

async function fillFolder(root: string, name: string, { fill, verify }: Filling): Promise<void> {
  await makeFolder(root);
  const folder = join(root, name);
  if (await isWhole(folder, verify)) return;
  const staging = `${folder}.partial`;
  try {
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { mode: 0o700 });
    await fill(staging);
    await verify(staging);
    await rename(staging, folder);
  } catch (error) {
    // What cannot be removed is tidied away later, and says less than what kept it from being filled.
    await rm(staging, { recursive: true, force: true }).catch(() => {});
    throw isErrno(error) ? unwritable(root, error) : error;
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

function unwritable(root: string, cause: NodeJS.ErrnoException): TradewindError {
  const message = `a model could not be put into the model cache (${cause.code})`;
  return new TradewindError("folder_unusable", message, {
    cause,
    hint: `see whether ${root} has room left and belongs to this process`,
  });
}

/** What an earlier life left here is held against the listing again, since a disk may have lost its end. */
async function isWhole(folder: string, verify: Filling["verify"]): Promise<boolean> {
  const there = await stat(folder).catch(() => undefined);
  if (!there) return false;
  try {
    await verify(folder);
    return true;
  } catch {
    await rm(folder, { recursive: true, force: true });
    return false;
  }
}
