import { createHash } from "node:crypto";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { ListedArtefact } from "../trust/trusted-list.ts";
import { digestFile } from "./digest-file.ts";
import type { FileSystem } from "./file-system.ts";
import type { ShelfItem } from "./shelf-item.ts";
import { writeItem } from "./shelf-item.ts";
import type { Places } from "./shelf-places.ts";
import { writeLasting, writeWhole } from "./write-whole.ts";

export type PutOptions = {
  readonly artefact: ListedArtefact;
  readonly golden: Uint8Array;
  readonly signal: AbortSignal;
};

/** Model and golden images last before the file that says so is written: a cut anywhere before leaves a fetch to resume. */
export async function putOnShelf(
  fs: FileSystem,
  places: Places,
  { artefact, golden, signal }: PutOptions,
): Promise<ShelfItem> {
  const from = await fetchedFile(fs, places, { artefact, signal });
  await syncFile(fs, from);
  const goldenPart = `${places.golden}.part`;
  await writeLasting(fs, goldenPart, golden);
  await fs.rename(goldenPart, places.golden);
  if (from !== places.model) await fs.rename(from, places.model);
  await fs.syncFolder(places.folder);
  const item = itemOf(artefact, golden);
  await writeWhole(fs, places.ok, writeItem(item));
  return item;
}

/** A start after a cut may find it under its own name already. */
async function fetchedFile(
  fs: FileSystem,
  { part, model }: Places,
  { artefact, signal }: Omit<PutOptions, "golden">,
): Promise<string> {
  const path = (await fs.size(part)) === undefined ? model : part;
  const found = await digestFile(fs, path, { signal });
  if (found?.sha256 === artefact.sha256 && found.bytes === artefact.bytes) return path;
  throw new TradewindError(
    "repository_refused",
    `the file of ${artefact.path} is not the one that was signed`,
  );
}

async function syncFile(fs: FileSystem, path: string): Promise<void> {
  await using file = await fs.open(path);
  await file.sync();
}

function itemOf({ sha256, bytes, about }: ListedArtefact, golden: Uint8Array): ShelfItem {
  const digest = createHash("sha256").update(golden).digest("hex");
  return { schema: 1, sha256, bytes, golden: { sha256: digest, bytes: golden.byteLength }, about };
}
