import type { FileSystem } from "#edge/store/file-system.ts";

export type Touched = (call: string, path: string) => void;

/** A disk that asks before each call that changes it; what is thrown then is what it answers. */
export function touchyDisk(fs: FileSystem, touched: Touched): FileSystem {
  const after = async <Result>(call: string, path: string, work: () => Promise<Result>): Promise<Result> => {
    touched(call, path);
    return await work();
  };
  return {
    ...fs,
    makeFolder: (folder) => after("makeFolder", folder, () => fs.makeFolder(folder)),
    rename: (from, to) => after("rename", to, () => fs.rename(from, to)),
    remove: (path) => after("remove", path, () => fs.remove(path)),
    syncFolder: (folder) => after("syncFolder", folder, () => fs.syncFolder(folder)),
    open: async (path, options) => {
      const file = await after("open", path, () => fs.open(path, options));
      return {
        ...file,
        writeAt: (position, bytes) => after("writeAt", path, () => file.writeAt(position, bytes)),
        sync: () => after("sync", path, () => file.sync()),
      };
    },
  };
}
