import { lchown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

export type FolderOwner = { readonly uid: number; readonly gid: number };

/**
 * Gives a cluster to the user who will run it, since PostgreSQL serves only what is its own user's. The folder itself
 * comes last, so that a kill on the way leaves it to be done again.
 */
export async function giveFolder(folder: string, { uid, gid }: FolderOwner): Promise<void> {
  if ((await lstat(folder)).uid === uid) return;
  for (const entry of await readdir(folder, { recursive: true })) await lchown(join(folder, entry), uid, gid);
  await lchown(folder, uid, gid);
}
