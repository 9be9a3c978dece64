import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";

export type ListedImages = { readonly files: readonly string[]; readonly found: number };

/** The images of a folder in the order of their names; of more than `most`, as many spread evenly over all. */
export async function listImages(folder: string, most: number): Promise<ListedImages> {
  const names = (await entriesOf(folder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort();
  if (names.length === 0) {
    const hint = "give a folder with some hundred JPEG, PNG or WebP files as callers send them";
    throw new TradewindError("folder_unusable", `no image lies in the folder ${folder}`, { hint });
  }
  return { files: spread(names, most).map((name) => join(folder, name)), found: names.length };
}

/** At most so many, spread evenly. */
export function spread<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, place) => items[Math.floor((place * items.length) / most)]).filter(
    (item) => item !== undefined,
  );
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new TradewindError("folder_unusable", `the folder ${folder} cannot be read`, { cause });
  }
}
