import { findModels } from "#inference/models/repository.ts";
import type { BuiltIn } from "./sync/sync-parts.ts";

/** The latest version of each model in the folder that came with the device; none where there is no folder. */
export async function findBuiltIn(folder: string | undefined): Promise<BuiltIn> {
  if (folder === undefined) return new Map();
  const found = await findModels(folder);
  return new Map(found.map(({ name, version, path }) => [name, { version, path }] as const));
}
