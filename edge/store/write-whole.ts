import { dirname } from "node:path";
import type { FileSystem } from "./file-system.ts";

/** Replaces a file as a whole: after a power cut there is what was or what is to be, and once awaited it lasts. */
export async function writeWhole(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.part`;
  await writeLasting(fs, part, bytes);
  try {
    await fs.rename(part, path);
  } catch (error) {
    await removeQuietly(fs, part);
    throw error;
  }
  await fs.syncFolder(dirname(path));
}

/** Content lasts after this, its name not yet. What could not be written whole is taken away again. */
export async function writeLasting(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await using file = await fs.open(path, { truncate: true });
    await file.writeAt(0, bytes);
    await file.sync();
  } catch (error) {
    await removeQuietly(fs, path);
    throw error;
  }
}

/** Makes a folder of which also the name lasts. */
export async function makeLastingFolder(fs: FileSystem, folder: string): Promise<void> {
  await fs.makeFolder(folder);
  await fs.syncFolder(dirname(folder));
}

/** On a disk that failed already, what is left behind is written over next time. */
async function removeQuietly(fs: FileSystem, path: string): Promise<void> {
  await fs.remove(path).catch(() => undefined);
}
