import type { FileSystem } from "#edge/store/file-system.ts";

/** Disks that do not what they were told: what a program forgot is told apart from what it asked for. */
export type Mistake = (fs: FileSystem) => FileSystem;

/** Content is never synced, or not of files whose path says so. */
export function forgetsContent(where: (path: string) => boolean = () => true): Mistake {
  return (fs) => ({
    ...fs,
    open: async (path, options) => {
      const file = await fs.open(path, options);
      return where(path) ? { ...file, sync: async () => undefined } : file;
    },
  });
}

/** Folders are never synced, or not those whose path says so. */
export function forgetsFolders(where: (path: string) => boolean = () => true): Mistake {
  return (fs) => ({
    ...fs,
    syncFolder: async (folder) => {
      if (!where(folder)) await fs.syncFolder(folder);
    },
  });
}

/** What is to be renamed over is taken away first. */
export const removesBeforeRenaming: Mistake = (fs) => ({
  ...fs,
  rename: async (from, to) => {
    await fs.remove(to);
    await fs.rename(from, to);
  },
});
