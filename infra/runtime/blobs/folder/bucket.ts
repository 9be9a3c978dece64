import { lstat, realpath, unlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Chance } from "../../chance.ts";
import { TradewindError } from "../../errors.ts";
import type { Bucket, Content } from "../bucket.ts";
import { saveFile } from "../save-file.ts";
import { statusOf } from "./errors.ts";
import { isDetour, prepare } from "./paths.ts";
import { readFile } from "./read-file.ts";
import { versionOf } from "./version.ts";
import { walk } from "./walk.ts";

export type FolderOptions = { readonly path: string; readonly chance: Chance };

/**
 * Blobs as files of a folder that is there already. A symbolic link is no blob, nor is what lies behind one, so no key
 * leads out of the folder; only the newest version is kept.
 */
export async function openBucket({ path, chance }: FolderOptions): Promise<Bucket> {
  const root = await rootAt(path);
  return {
    page: async ({ prefix, limit, signal }) => ({
      found: await walk({ root, prefix, limit, signal }),
      next: undefined,
    }),
    get: (name, request) => readFile(join(root, name), request),
    put: async (name, content, { signal }) => {
      await prepare(root, name);
      const { stats } = await saveFile(join(root, name), asStream(content), { signal, chance });
      return versionOf(stats);
    },
    remove: async (name) => {
      if (await isDetour(join(root, name))) return;
      await unlink(join(root, name)).catch((error: unknown) => {
        if (statusOf(error) !== 404) throw error;
      });
    },
    statusOf,
    close: async () => undefined,
  };
}

async function rootAt(path: string): Promise<string> {
  try {
    const root = await realpath(path);
    if ((await lstat(root)).isDirectory()) return root;
  } catch (cause) {
    throw unusable(path, cause);
  }
  throw unusable(path, undefined);
}

function asStream(content: Content): Readable {
  const opened = content.open();
  return opened instanceof Uint8Array ? Readable.from([opened]) : opened;
}

function unusable(path: string, cause: unknown): TradewindError {
  return new TradewindError("folder_unusable", `the folder of blobs ${path} cannot be read`, {
    cause,
    hint: "give a folder that is there",
  });
}
