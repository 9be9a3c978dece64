import { dirname } from "node:path";
import type { FileSystem, OpenFile } from "#edge/store/file-system.ts";

export type MemoryDisk = FileSystem & {
  readonly files: Map<string, Buffer>;
  /** Called before bytes are written; what it throws is what the disk answers. */
  onWrite: () => void;
};

/** A disk in memory on which everything lasts at once, for those who do not ask about power cuts. */
export function createMemoryDisk({ capacity = 2 ** 33 }: { readonly capacity?: number } = {}): MemoryDisk {
  const files = new Map<string, Buffer>();
  const folders = new Set<string>();
  const under = (folder: string): string[] =>
    [...files.keys(), ...folders].filter((path) => path.startsWith(`${folder}/`));
  const disk: MemoryDisk = {
    files,
    onWrite: () => {},
    read: async (path, { maxBytes }) => {
      const bytes = files.get(path);
      if (!bytes) throw coded("ENOENT", path);
      if (bytes.byteLength > maxBytes) throw coded("EFBIG", path);
      return Buffer.from(bytes);
    },
    list: async (folder) => [
      ...new Set(under(folder).map((path) => path.slice(folder.length + 1).split("/")[0] ?? "")),
    ],
    size: async (path) => files.get(path)?.byteLength,
    makeFolder: async (folder) => {
      for (let at = folder; at !== dirname(at); at = dirname(at)) folders.add(at);
    },
    open: async (path, { truncate = false } = {}) => {
      if (truncate || !files.has(path)) files.set(path, Buffer.alloc(0));
      return openFile(disk, path);
    },
    rename: async (from, to) => {
      const bytes = files.get(from);
      if (!bytes) throw coded("ENOENT", from);
      files.delete(from);
      files.set(to, bytes);
    },
    remove: async (path) => {
      for (const each of [path, ...under(path)]) {
        files.delete(each);
        folders.delete(each);
      }
    },
    syncFolder: async () => {},
    freeBytes: async () => {
      const used = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      return Math.max(0, capacity - used);
    },
  };
  return disk;
}

export function coded(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function openFile(disk: MemoryDisk, path: string): OpenFile {
  const close = async (): Promise<void> => {};
  const bytes = (): Buffer => disk.files.get(path) ?? Buffer.alloc(0);
  return {
    readAt: async (position, length) => Buffer.from(bytes().subarray(position, position + length)),
    writeAt: async (position, piece) => {
      disk.onWrite();
      const now = bytes();
      if (position + piece.byteLength <= now.byteLength) return void now.set(piece, position);
      const next = Buffer.alloc(position + piece.byteLength);
      now.copy(next);
      next.set(piece, position);
      disk.files.set(path, next);
    },
    truncate: async (length) => {
      const next = Buffer.alloc(length);
      bytes().copy(next);
      disk.files.set(path, next);
    },
    sync: async () => {},
    close,
    [Symbol.asyncDispose]: close,
  };
}
