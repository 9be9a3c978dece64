import { z } from "zod";
import { modelArtefact } from "#inference/artefacts/artefact.ts";
import type { Slot } from "./device-state.ts";
import type { FileSystem } from "./file-system.ts";
import { foreignCode } from "./foreign-code.ts";
import { seal, unseal } from "./sealed.ts";

/** What the shelf says of a model it holds, the signed description with it, so that nothing else is needed to run it. */
const shelfItem = z.strictObject({
  schema: z.literal(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(1),
  golden: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().min(1) }),
  about: modelArtefact,
});

export type ShelfItem = z.output<typeof shelfItem>;

const mostItemBytes = 65_536;

export function slotOf({ sha256, about: { release, version, target } }: ShelfItem): Slot {
  return { release, version, sha256, target };
}

export function writeItem(item: ShelfItem): Uint8Array {
  return seal(item);
}

/** Undefined where there is none, or none that holds. */
export async function readItem(fs: FileSystem, path: string): Promise<ShelfItem | undefined> {
  try {
    return shelfItem.safeParse(unseal(await fs.read(path, { maxBytes: mostItemBytes }))).data;
  } catch (error) {
    if (isAway(error)) return undefined;
    throw error;
  }
}

/** Not there, or on a part of the disk that no longer gives anything back. */
export function isAway(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EISDIR", "EIO", "EFBIG", "EUCLEAN", "EBADMSG"].includes(
    foreignCode(error) ?? "",
  );
}
