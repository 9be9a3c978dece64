import { createHash } from "node:crypto";
import { blockBytes } from "#inference/artefacts/artefact.ts";
import { blockCount, blockFits } from "#inference/artefacts/blocks.ts";
import type { FileSystem, OpenFile } from "../store/file-system.ts";
import type { ListedFile } from "../trust/trusted-list.ts";

export type PartOptions = {
  readonly fs: FileSystem;
  readonly path: string;
  readonly file: Pick<ListedFile, "bytes" | "sha256">;
  /** The hash of each block of it. */
  readonly blocks: Uint8Array;
};

/**
 * A file of which some blocks are there. Each block is
 *
 *   MISSING   nothing of it is there, or what was there did not fit
 *   BEGUN     its first bytes are there, on trust until the rest has come
 *   HELD      it is on the disk and fits its hash
 *
 * Nothing beside the file says which is which: whoever takes a part up again hashes what is in it.
 */
export type Part = AsyncDisposable & {
  /** Bytes that need not come again, as far as is known. */
  readonly atHand: () => number;
  /** From the first byte that is missing to the next block that is held. */
  readonly gap: () => Gap | undefined;
  readonly isHeld: (block: number) => boolean;
  /** How many bytes of a block are there on trust. */
  readonly begunOf: (block: number) => number;
  /** Fills a block's first bytes into `into`. */
  readonly readBegun: (block: number, into: Uint8Array) => Promise<void>;
  /** Bytes of a block that is not whole yet; they lie there up to `begun` from its start. */
  readonly keep: (
    at: number,
    bytes: Uint8Array,
    place: { readonly block: number; readonly begun: number },
  ) => Promise<void>;
  readonly markHeld: (block: number) => void;
  readonly markMissing: (block: number) => void;
  /** Of a part without a gap: whether it is the file, and lasts. What the disk made of it meanwhile becomes a gap again. */
  readonly finish: () => Promise<"whole" | "damaged" | "contradictory">;
  readonly close: () => Promise<void>;
};

export type Gap = { readonly start: number; readonly end: number };

export async function openPart(options: PartOptions): Promise<Part> {
  const { fs, path, file } = options;
  const handle = await fs.open(path);
  try {
    const size = Math.min((await fs.size(path)) ?? 0, file.bytes);
    await handle.truncate(size);
    const held = new Set<number>();
    const begun = new Map<number, number>();
    await takeUp({ ...options, handle, size, held, begun });
    return partOf({ ...options, handle, held, begun });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type State = PartOptions & {
  readonly handle: OpenFile;
  readonly held: Set<number>;
  /** Bytes by block. */
  readonly begun: Map<number, number>;
};

async function takeUp(state: State & { readonly size: number }): Promise<void> {
  const { handle, size, held, begun, file } = state;
  for (let block = 0; block * blockBytes < size; block += 1) {
    if (await fitsOnDisk(state, block)) held.add(block);
  }
  const last = Math.floor(size / blockBytes);
  const rest = size - last * blockBytes;
  if (rest > 0 && size < file.bytes && !held.has(last)) begun.set(last, rest);
  // What lies behind the last block that is of use would only be hashed again and again.
  if (held.size === 0 && begun.size === 0) await handle.truncate(0);
}

async function fitsOnDisk({ handle, file, blocks }: State, block: number): Promise<boolean> {
  const bytes = await handle.readAt(block * blockBytes, sizeOf(block, file.bytes));
  return bytes.byteLength === sizeOf(block, file.bytes) && blockFits(blocks, block, bytes);
}

/** Only the last one may be shorter. */
export function sizeOf(block: number, fileBytes: number): number {
  return Math.min(blockBytes, fileBytes - block * blockBytes);
}

function partOf(state: State): Part {
  const { file, handle, held, begun } = state;
  const last = blockCount(file.bytes) - 1;
  const short = blockBytes - sizeOf(last, file.bytes);
  const atHand = (): number => {
    let bytes = held.size * blockBytes - (held.has(last) ? short : 0);
    for (const some of begun.values()) bytes += some;
    return bytes;
  };
  return {
    atHand,
    gap: () => gapIn(state),
    isHeld: (block) => held.has(block),
    begunOf: (block) => begun.get(block) ?? 0,
    readBegun: async (block, into) => {
      into.set(await handle.readAt(block * blockBytes, begun.get(block) ?? 0));
    },
    keep: async (at, bytes, { block, begun: some }) => {
      await handle.writeAt(at, bytes);
      begun.set(block, some);
    },
    markHeld: (block) => {
      begun.delete(block);
      held.add(block);
    },
    markMissing: (block) => {
      begun.delete(block);
      held.delete(block);
    },
    finish: () => finish(state),
    close: () => handle.close(),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function gapIn({ file, held, begun }: State): Gap | undefined {
  const count = blockCount(file.bytes);
  let first = 0;
  while (first < count && held.has(first)) first += 1;
  if (first === count) return undefined;
  let next = first + 1;
  // One that is begun is asked for from where it stopped.
  while (next < count && !held.has(next) && !begun.has(next)) next += 1;
  return {
    start: first * blockBytes + (begun.get(first) ?? 0),
    end: Math.min(next * blockBytes, file.bytes),
  };
}

const pieceBytes = 16 * blockBytes;

async function finish(state: State): Promise<"whole" | "damaged" | "contradictory"> {
  const { handle, file, held } = state;
  await handle.sync();
  const hash = createHash("sha256");
  for (let at = 0; at < file.bytes; at += pieceBytes) hash.update(await handle.readAt(at, pieceBytes));
  if (hash.digest("hex") === file.sha256) return "whole";
  for (let block = 0; block < blockCount(file.bytes); block += 1) {
    if (!(await fitsOnDisk(state, block))) held.delete(block);
  }
  return held.size < blockCount(file.bytes) ? "damaged" : "contradictory";
}
