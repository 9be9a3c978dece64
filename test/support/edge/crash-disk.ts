import { basename, dirname } from "node:path/posix";
import type { FileSystem, OpenFile } from "#edge/store/file-system.ts";

/** What is on a disk after a power cut: files by path. Folders without files are not told of. */
export type DiskContent = ReadonlyMap<string, Buffer>;

export type CrashDisk = {
  readonly fs: FileSystem;
  /** Every state in which a power cut at this moment can leave the disk. */
  readonly afterCut: () => Iterable<DiskContent>;
  /** What a reader sees now. */
  readonly now: () => DiskContent;
};

export type CrashDiskOptions = {
  readonly start?: DiskContent;
  /** Called before each thing that is done to the disk. */
  readonly before?: (deed: string) => void;
  readonly freeBytes?: () => number;
};

type FileNode = { readonly kind: "file"; kept: Buffer; written: Buffer[] };
type Names = Map<string, FileNode | FolderNode>;
type Renaming = (names: Names) => void;
type FolderNode = { readonly kind: "folder"; kept: Names; now: Names; pending: Renaming[] };

/**
 * A disk that keeps as little as a disk may. Content that was not synced is after a cut what it was, what it is to be, a
 * beginning of that, or zeros; names that were not synced are there or not, each for itself. A rename is one thing.
 * Syncing a file says nothing of its name, syncing a folder nothing of its own name nor of what lies in its files.
 */
export function createCrashDisk({
  start = new Map(),
  before = () => undefined,
  freeBytes = () => 1e9,
}: CrashDiskOptions = {}): CrashDisk {
  const root = newFolder();
  for (const [path, bytes] of start) lay(root, path, bytes);
  const fs: FileSystem = {
    read: async (path, { maxBytes }) => {
      const bytes = contentOf(fileAt(root, path));
      if (bytes.length > maxBytes) throw systemError("EFBIG", path);
      return Buffer.from(bytes);
    },
    list: async (path) => {
      const node = find(root, path);
      return node?.kind === "folder" ? [...node.now.keys()].sort() : [];
    },
    size: async (path) => {
      const node = find(root, path);
      return node?.kind === "file" ? contentOf(node).length : undefined;
    },
    makeFolder: async (path) => {
      before(`make ${path}`);
      makeFolders(root, path);
    },
    open: async (path, options = {}) => {
      if (!options.readOnly) before(`open ${path}`);
      return openFile(openNode(root, path, options), (deed) => before(`${deed} ${path}`));
    },
    rename: async (from, to) => {
      before(`rename ${from} ${to}`);
      if (dirname(from) !== dirname(to))
        throw new Error("renames from folder to folder are not in this model");
      const [node, name] = [need(root, from), basename(to)];
      inFolder(folderAt(root, dirname(from)), (names) => {
        if (names.get(basename(from)) === node) names.delete(basename(from));
        names.set(name, node);
      });
    },
    remove: async (path) => {
      before(`remove ${path}`);
      removeNode(root, path);
    },
    syncFolder: async (path) => {
      before(`sync ${path}`);
      const folder = folderAt(root, path);
      folder.kept = new Map(folder.now);
      folder.pending = [];
    },
    freeBytes: async () => freeBytes(),
  };
  return {
    fs,
    now: () => flatten(root, "", (folder) => folder.now, contentOf),
    afterCut: () => folderStates(root, ""),
  };
}

function openFile(file: FileNode, before: (deed: string) => void): OpenFile {
  const close = async (): Promise<void> => undefined;
  return {
    readAt: async (position, length) => Buffer.from(contentOf(file).subarray(position, position + length)),
    writeAt: async (position, bytes) => {
      before("write");
      const was = contentOf(file);
      const next = Buffer.alloc(Math.max(was.length, position + bytes.byteLength));
      was.copy(next);
      next.set(bytes, position);
      file.written.push(next);
    },
    truncate: async (bytes) => {
      before("truncate");
      const next = Buffer.alloc(bytes);
      contentOf(file).copy(next);
      file.written.push(next);
    },
    sync: async () => {
      before("sync");
      file.kept = contentOf(file);
      file.written = [];
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A folder's names in each state, and for each of those its files' and folders' content in each. */
function* folderStates(folder: FolderNode, path: string): Generator<DiskContent> {
  for (const names of nameStates(folder)) {
    yield* product(
      [...names].map(
        ([name, node]) =>
          () =>
            node.kind === "folder"
              ? folderStates(node, `${path}/${name}`)
              : fileStates(node, `${path}/${name}`),
      ),
    );
  }
}

/** Lazy, so that whoever wants only some of very many asks for no more. */
function* product(children: readonly (() => Iterable<DiskContent>)[]): Generator<DiskContent> {
  const [first, ...rest] = children;
  if (first === undefined) {
    yield new Map();
    return;
  }
  for (const one of first()) for (const other of product(rest)) yield new Map([...one, ...other]);
}

function* nameStates({ kept, pending }: FolderNode): Generator<Names> {
  const found: Names[] = [];
  for (let chosen = 0; chosen < 2 ** pending.length; chosen += 1) {
    const names = new Map(kept);
    pending.forEach((renaming, at) => {
      if (Math.floor(chosen / 2 ** at) % 2 === 1) renaming(names);
    });
    if (found.some((other) => sameNames(names, other))) continue;
    found.push(names);
    yield names;
  }
}

function sameNames(one: Names, other: Names): boolean {
  return one.size === other.size && [...one].every(([name, node]) => other.get(name) === node);
}

function fileStates({ kept, written }: FileNode, path: string): readonly DiskContent[] {
  const contents = [kept, ...written.flatMap(halfWritten)];
  const distinct = new Map(contents.map((bytes) => [bytes.toString("latin1"), bytes]));
  return [...distinct.values()].map((bytes) => new Map([[path, bytes]]));
}

/** Whole, nothing, half, all but the end, zeros, and half with zeros behind. */
function halfWritten(bytes: Buffer): readonly Buffer[] {
  const half = bytes.length >> 1;
  const zeroed = Buffer.alloc(bytes.length);
  bytes.copy(zeroed, 0, 0, half);
  const beginnings = [0, half, Math.max(0, bytes.length - 1)].map((end) => bytes.subarray(0, end));
  return [bytes, ...beginnings, Buffer.alloc(bytes.length), zeroed];
}

function newFolder(): FolderNode {
  return { kind: "folder", kept: new Map(), now: new Map(), pending: [] };
}

function inFolder(folder: FolderNode, renaming: Renaming): void {
  renaming(folder.now);
  folder.pending.push(renaming);
}

function contentOf({ kept, written }: FileNode): Buffer {
  return written.at(-1) ?? kept;
}

function find(root: FolderNode, path: string): FileNode | FolderNode | undefined {
  let node: FileNode | FolderNode | undefined = root;
  for (const name of path.split("/").filter(Boolean)) {
    node = node?.kind === "folder" ? node.now.get(name) : undefined;
  }
  return node;
}

function need(root: FolderNode, path: string): FileNode | FolderNode {
  const node = find(root, path);
  if (node === undefined) throw systemError("ENOENT", path);
  return node;
}

function fileAt(root: FolderNode, path: string): FileNode {
  const node = need(root, path);
  if (node.kind === "folder") throw systemError("EISDIR", path);
  return node;
}

function folderAt(root: FolderNode, path: string): FolderNode {
  const node = need(root, path);
  if (node.kind === "file") throw systemError("ENOTDIR", path);
  return node;
}

function makeFolders(root: FolderNode, path: string): FolderNode {
  if (path === "/") return root;
  const there = find(root, path);
  if (there?.kind === "folder") return there;
  if (there) throw systemError("ENOTDIR", path);
  const made = newFolder();
  inFolder(makeFolders(root, dirname(path)), (names) => names.set(basename(path), made));
  return made;
}

function openNode(
  root: FolderNode,
  path: string,
  { truncate = false, readOnly = false }: { readonly truncate?: boolean; readonly readOnly?: boolean },
): FileNode {
  if (readOnly || find(root, path)) {
    const file = fileAt(root, path);
    if (truncate) file.written.push(Buffer.alloc(0));
    return file;
  }
  const made: FileNode = { kind: "file", kept: Buffer.alloc(0), written: [] };
  inFolder(folderAt(root, dirname(path)), (names) => names.set(basename(path), made));
  return made;
}

function removeNode(root: FolderNode, path: string): void {
  const node = find(root, path);
  if (node === undefined) return;
  if (node.kind === "folder") for (const name of [...node.now.keys()]) removeNode(root, `${path}/${name}`);
  inFolder(folderAt(root, dirname(path)), (names) => {
    if (names.get(basename(path)) === node) names.delete(basename(path));
  });
}

/** A file of the beginning, all of it on disk. */
function lay(root: FolderNode, path: string, bytes: Buffer): void {
  const folder = makeFolders(root, dirname(path));
  settle(root);
  const file: FileNode = { kind: "file", kept: bytes, written: [] };
  folder.kept.set(basename(path), file);
  folder.now.set(basename(path), file);
}

function settle(folder: FolderNode): void {
  folder.kept = new Map(folder.now);
  folder.pending = [];
  for (const node of folder.now.values()) if (node.kind === "folder") settle(node);
}

function flatten(
  folder: FolderNode,
  path: string,
  names: (folder: FolderNode) => Names,
  content: (file: FileNode) => Buffer,
): DiskContent {
  const found = [...names(folder)].map(([name, node]) => {
    const at = `${path}/${name}`;
    return node.kind === "folder" ? flatten(node, at, names, content) : new Map([[at, content(node)]]);
  });
  return new Map(found.flatMap((one) => [...one]));
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
