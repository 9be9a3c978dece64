import { join } from "node:path";
import { mostGoldenBytes } from "#inference/artefacts/golden.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { ListedArtefact } from "../trust/trusted-list.ts";
import { digestFile } from "./digest-file.ts";
import type { FileSystem } from "./file-system.ts";
import { putOnShelf } from "./put-on-shelf.ts";
import { readItem, type ShelfItem } from "./shelf-item.ts";
import { isHash, type Places, placesIn } from "./shelf-places.ts";
import { makeLastingFolder } from "./write-whole.ts";

type Patience = { readonly signal: AbortSignal };

/**
 * Model files, each in a folder named by its hash. One is on the shelf from the moment that its `ok.json` lasts, which
 * is written when all it speaks of does; whatever else lies there is a fetch that was cut short.
 */
export type Shelf = {
  /** A model's file, for whoever opens it; there or not. */
  readonly modelPath: (sha256: string) => string;
  /** Where to fetch a file to. What lies there, whole or not, is there to be resumed or repaired. */
  readonly prepare: (sha256: string, options: Patience) => Promise<string>;
  /** Throws `disk_full` before a fetch whose missing bytes would not fit with a tenth to spare. */
  readonly roomFor: (file: { readonly sha256: string; readonly bytes: number }) => Promise<void>;
  /** From the file at `prepare`'s path, if that is what was signed. */
  readonly put: (
    file: { readonly artefact: ListedArtefact; readonly golden: Uint8Array },
    options: Patience,
  ) => Promise<ShelfItem>;
  readonly find: (sha256: string) => Promise<ShelfItem | undefined>;
  readonly list: () => Promise<readonly ShelfItem[]>;
  /** Reads every byte: is it there, and still what was put there? */
  readonly verify: (sha256: string, options: Patience) => Promise<boolean>;
  /** The golden images as they were put there. */
  readonly readGolden: (sha256: string) => Promise<Uint8Array>;
  /** Answers what it removed. Only for hashes of a state that lasts: `clearShelf` sees to that. */
  readonly keepOnly: (hashes: ReadonlySet<string>) => Promise<readonly string[]>;
};

export type OpenShelfOptions = { readonly fs: FileSystem; readonly folder: string };

export function openShelf({ fs, folder }: OpenShelfOptions): Shelf {
  const models = join(folder, "models");
  const at = (sha256: string): Places => placesIn(models, sha256);
  const find = (sha256: string): Promise<ShelfItem | undefined> => findItem(fs, at(sha256), sha256);
  const hashes = async (): Promise<readonly string[]> => (await fs.list(models)).filter(isHash);
  const verify: Shelf["verify"] = async (sha256, patience) => {
    const item = await find(sha256);
    return item !== undefined && (await isSound(fs, at(sha256), { item, ...patience }));
  };
  return {
    modelPath: (sha256) => at(sha256).model,
    prepare: async (sha256, patience) => {
      const places = at(sha256);
      for (const above of [folder, models, places.folder]) await makeLastingFolder(fs, above);
      if (!(await verify(sha256, patience))) await layOpen(fs, places);
      return places.part;
    },
    roomFor: async ({ sha256, bytes }) => {
      const missing = Math.max(0, bytes - ((await fs.size(at(sha256).part)) ?? 0));
      await checkRoom(fs, folder, missing + Math.ceil(missing / 10));
    },
    put: async ({ artefact, golden }, { signal }) => {
      const places = at(artefact.sha256);
      const isFetched = (await fs.size(places.part)) !== undefined;
      const there = isFetched ? undefined : await find(artefact.sha256);
      return there ?? (await putOnShelf(fs, places, { artefact, golden, signal }));
    },
    find,
    list: async () => {
      const items = await Promise.all((await hashes()).map(find));
      return items.filter((item) => item !== undefined);
    },
    verify,
    readGolden: (sha256) => fs.read(at(sha256).golden, { maxBytes: mostGoldenBytes }),
    keepOnly: async (keep) => {
      const removed = (await hashes()).filter((sha256) => !keep.has(sha256));
      for (const sha256 of removed) await fs.remove(at(sha256).folder);
      if (removed.length > 0) await fs.syncFolder(models);
      return removed;
    },
  };
}

async function findItem(fs: FileSystem, places: Places, sha256: string): Promise<ShelfItem | undefined> {
  const item = await readItem(fs, places.ok);
  if (item?.sha256 !== sha256) return undefined;
  const [model, golden] = await Promise.all([fs.size(places.model), fs.size(places.golden)]);
  return model === item.bytes && golden === item.golden.bytes ? item : undefined;
}

async function isSound(
  fs: FileSystem,
  places: Places,
  { item, signal }: Patience & { readonly item: ShelfItem },
): Promise<boolean> {
  const model = await digestFile(fs, places.model, { signal });
  const golden = await digestFile(fs, places.golden, { signal });
  return model?.sha256 === item.sha256 && golden?.sha256 === item.golden.sha256;
}

/** A file under its own name that is not what it was to be: most of its blocks still are. */
async function layOpen(fs: FileSystem, { part, model }: Places): Promise<void> {
  const isFetched = (await fs.size(part)) !== undefined;
  if (!isFetched && (await fs.size(model)) !== undefined) await fs.rename(model, part);
}

async function checkRoom(fs: FileSystem, folder: string, needed: number): Promise<void> {
  const free = await fs.freeBytes(folder);
  if (free >= needed) return;
  throw new TradewindError(
    "disk_full",
    `a fetch needs ${needed} bytes of room in ${folder}, ${free} are free`,
    {
      hint: "make room on this disk; until then the device goes on with what it has",
    },
  );
}
