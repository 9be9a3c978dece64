import type { BigIntStats } from "node:fs";

/**
 * Reading every byte for a content hash would make each look at a folder of models cost their size. Time alone is kept
 * by tools that copy it, so the inode is in it: a file that was moved into place always differs.
 */
export function versionOf({ mtimeNs, size, ino }: BigIntStats): string {
  return `${mtimeNs.toString(36)}-${size.toString(36)}-${ino.toString(36)}`;
}
