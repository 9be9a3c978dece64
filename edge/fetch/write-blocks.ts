import { blockBytes } from "#inference/artefacts/artefact.ts";
import { blockFits } from "#inference/artefacts/blocks.ts";
import { type Part, sizeOf } from "./part.ts";

/** Bytes of one answer on their way into a part, in their order. */
export type BlockWriter = {
  readonly take: (bytes: Uint8Array) => Promise<void>;
  /** Keeps what has come of a block that is not whole. */
  readonly settle: () => Promise<void>;
  /** The place in the file of the byte that is expected next. */
  readonly at: () => number;
  /** Blocks of this answer that were found to fit. */
  readonly right: () => number;
  /** Blocks that came wholly by this answer and do not fit. */
  readonly wrong: readonly number[];
  /** How many of them came last, with no right one after them. */
  readonly wrongInARow: () => number;
};

export type WriteBlocks = {
  readonly part: Part;
  readonly fileBytes: number;
  readonly blocks: Uint8Array;
  /** The first byte of the answer. */
  readonly start: number;
};

/** What is kept of an unfinished block may be lost up to this, if the process is killed. */
const flushBytes = 16_384;

/** A block is hashed when its last byte is here; what does not fit is left out, and the rest of the answer goes on. */
export function writeBlocks({ part, fileBytes, blocks, start }: WriteBlocks): BlockWriter {
  const buffer = new Uint8Array(blockBytes);
  const wrong: number[] = [];
  let [at, flushed, right, inARow] = [start, start, 0, 0];
  let isPrefixRead = start % blockBytes === 0;

  const flush = async (block: number): Promise<void> => {
    const from = block * blockBytes;
    if (flushed < at)
      await part.keep(flushed, buffer.subarray(flushed - from, at - from), { block, begun: at - from });
    flushed = at;
  };
  const judge = async (block: number): Promise<void> => {
    const cameWhole = start <= block * blockBytes;
    if (blockFits(blocks, block, buffer.subarray(0, sizeOf(block, fileBytes)))) {
      await flush(block);
      part.markHeld(block);
      [right, inARow] = [right + 1, 0];
      return;
    }
    part.markMissing(block);
    if (cameWhole) wrong.push(block);
    inARow += cameWhole ? 1 : 0;
  };
  const takeOf = async (block: number, piece: Uint8Array): Promise<void> => {
    const from = block * blockBytes;
    if (!isPrefixRead) {
      await part.readBegun(block, buffer);
      isPrefixRead = true;
    }
    if (at === from) flushed = at;
    buffer.set(piece, at - from);
    at += piece.byteLength;
    if (at - from === sizeOf(block, fileBytes)) await judge(block);
    else if (at - flushed >= flushBytes) await flush(block);
  };
  return {
    take: async (bytes) => {
      for (let taken = 0; taken < bytes.byteLength; ) {
        const block = Math.floor(at / blockBytes);
        const end = block * blockBytes + sizeOf(block, fileBytes);
        const piece = bytes.subarray(taken, taken + end - at);
        taken += piece.byteLength;
        // Of a whole file that comes anew, what is held already is passed over.
        if (part.isHeld(block)) at += piece.byteLength;
        else await takeOf(block, piece);
      }
    },
    settle: async () => {
      const block = Math.floor(at / blockBytes);
      if (at === fileBytes || at % blockBytes === 0 || part.isHeld(block)) return;
      // What follows on a wrong block is hardly right.
      if (inARow > 0) part.markMissing(block);
      else await flush(block);
    },
    at: () => at,
    right: () => right,
    wrong,
    wrongInARow: () => inARow,
  };
}
