import { constants } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { TradewindError } from "#infra/runtime/errors.ts";
import { makeFolder } from "#infra/runtime/make-folder.ts";
import type { FileSystem, OpenFile } from "./file-system.ts";
import { foreignCode, isMissing } from "./foreign-code.ts";

/** The device's own disk. What it makes is for its owner alone, since keys lie there too. */
export function openDisk(): FileSystem {
  return {
    read: (path, { maxBytes }) => on(path, () => readAtMost(path, maxBytes)),
    list: (folder) => on(folder, () => namesIn(folder)),
    size: (path) => on(path, () => sizeOf(path)),
    makeFolder: (folder) => on(folder, () => makeFolder(folder)),
    open: (path, options) => on(path, async () => openFile(path, await open(path, flagsFor(options), 0o600))),
    rename: (from, to) => on(to, () => rename(from, to)),
    remove: (path) => on(path, () => rm(path, { recursive: true, force: true })),
    syncFolder: (folder) => on(folder, () => syncFolder(folder)),
    freeBytes: (folder) =>
      on(folder, async () => {
        const { bavail, bsize } = await statfs(folder);
        return bavail * bsize;
      }),
  };
}

function flagsFor({ truncate = false, readOnly = false }: Parameters<FileSystem["open"]>[1] = {}): number {
  const { O_RDONLY, O_RDWR, O_CREAT, O_TRUNC } = constants;
  if (readOnly) return O_RDONLY;
  return O_RDWR | O_CREAT | (truncate ? O_TRUNC : 0);
}

function openFile(path: string, file: FileHandle): OpenFile {
  // A handle may be closed only once, whoever holds one as often as it likes.
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= on(path, () => file.close());
    return closing;
  };
  return {
    readAt: (position, length) => on(path, () => readAt(file, position, length)),
    writeAt: (position, bytes) => on(path, () => writeAt(file, position, bytes)),
    truncate: (bytes) => on(path, () => file.truncate(bytes)),
    sync: () => on(path, () => file.sync()),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readAtMost(path: string, maxBytes: number): Promise<Uint8Array> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  if (size > maxBytes) throw Object.assign(new Error(`${size} bytes`), { code: "EFBIG" });
  return await readAt(file, 0, size);
}

/** Shorter where the file ends before. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

async function writeAt(file: FileHandle, position: number, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at, position + at);
    at += bytesWritten;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Some systems cannot say so of a folder; there a rename must do. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (!["EISDIR", "EPERM", "EINVAL", "EACCES"].includes(foreignCode(error) ?? "")) throw error;
  }
}

/** The one place where the system's errors become ours; what is not there is said in the system's own word. */
async function on<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const code = foreignCode(cause) ?? "unknown reason";
    if (code === "ENOENT") throw cause;
    if (["ENOSPC", "EDQUOT", "EROFS"].includes(code)) throw full(path, code, cause);
    throw unusable(path, code, cause);
  }
}

function full(path: string, code: string, cause: unknown): TradewindError {
  const hint =
    code === "EROFS"
      ? "the disk lets itself only be read: see what its system log says of it, and mount it for writing"
      : "make room on this disk; until then the device goes on with what it has";
  return new TradewindError("disk_full", `cannot write ${path} (${code})`, { cause, hint });
}

function unusable(path: string, code: string, cause: unknown): TradewindError {
  return new TradewindError("folder_unusable", `cannot use ${path} (${code})`, {
    cause,
    hint: "see whether this process may read and write there, and whether the disk is sound",
  });
}
