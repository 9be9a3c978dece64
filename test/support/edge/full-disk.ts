import type { FileSystem } from "#edge/store/file-system.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type FullDisk = {
  readonly fs: FileSystem;
  /** So many more calls that change the disk are let through, then none. */
  readonly fillAfter: (calls: number, code: "ENOSPC" | "EROFS") => void;
  readonly makeRoom: () => void;
  /** Calls that would have changed the disk since it was filled, refused ones too. */
  readonly calls: () => number;
};

/** A disk that from some call on takes nothing more, as `openDisk` tells of one. */
export function createFullDisk(fs: FileSystem): FullDisk {
  let [left, calls, code] = [Number.POSITIVE_INFINITY, 0, "ENOSPC"];
  const pass = async <Result>(path: string, work: () => Promise<Result>): Promise<Result> => {
    calls += 1;
    if (calls <= left) return await work();
    const cause = Object.assign(new Error(code), { code });
    throw new TradewindError("disk_full", `cannot write ${path} (${code})`, { cause });
  };
  return {
    fs: {
      ...fs,
      makeFolder: (path) => pass(path, () => fs.makeFolder(path)),
      rename: (from, to) => pass(to, () => fs.rename(from, to)),
      remove: (path) => pass(path, () => fs.remove(path)),
      syncFolder: (path) => pass(path, () => fs.syncFolder(path)),
      open: async (path, options) => {
        if (options?.readOnly) return await fs.open(path, options);
        const file = await pass(path, () => fs.open(path, options));
        return {
          ...file,
          writeAt: (position, bytes) => pass(path, () => file.writeAt(position, bytes)),
          truncate: (bytes) => pass(path, () => file.truncate(bytes)),
          sync: () => pass(path, () => file.sync()),
        };
      },
    },
    fillAfter: (count, why) => {
      [left, calls, code] = [count, 0, why];
    },
    makeRoom: () => {
      left = Number.POSITIVE_INFINITY;
    },
    calls: () => calls,
  };
}
