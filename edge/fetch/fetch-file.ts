import { dirname } from "node:path";
import { blockCount, blockHashBytes } from "#inference/artefacts/blocks.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { FileSystem } from "../store/file-system.ts";
import type { ListedFile } from "../trust/trusted-list.ts";
import { type AskOrigins, askOrigins } from "./ask-origins.ts";
import { onDisk } from "./disk-trouble.ts";
import { fetchGap } from "./fetch-gap.ts";
import type { Fetching } from "./fetching.ts";
import type { Pace } from "./pace.ts";
import { openPart, type Part } from "./part.ts";

export type FetchFileOptions = AskOrigins & {
  readonly file: Pick<ListedFile, "address" | "bytes" | "sha256">;
  /** The signed hash of each block of it. */
  readonly blocks: Uint8Array;
  readonly fs: FileSystem;
  /** Where it comes to lie; what an earlier try left there is taken up. */
  readonly part: string;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  readonly pace?: Pace | undefined;
};

export type FetchProgress = {
  /** At hand, of so many. */
  readonly bytes: number;
  readonly of: number;
  /** Over the line by this call. */
  readonly received: number;
};

/**
 * Fetches a signed file block by block into `part`, over as many connections and origins as that takes. When it resolves
 * the part is the file, to its last byte, and lasts; giving it its name is left to whoever called. When it throws, what
 * fits is kept for the next call, but for a full disk, where the room is given back.
 */
export async function fetchFile(options: FetchFileOptions): Promise<FetchProgress> {
  const { fs, part: path, file } = options;
  checkList(options);
  const tally = { received: 0 };
  await onDisk({ fs, path }, async () => {
    await fs.makeFolder(dirname(path));
    await using part = await openPart({ ...options, path });
    await checkRoom(options, part);
    const left = options.left ?? new Set();
    const learned = { tally, left, startedWith: part.atHand(), tags: new Map(), wrong: new Map() };
    await fetchAll({ ...options, ...learned, part, path });
  });
  return { bytes: file.bytes, of: file.bytes, received: tally.received };
}

function checkList({ file, blocks }: FetchFileOptions): void {
  if (blocks.byteLength === blockHashBytes * blockCount(file.bytes)) return;
  throw new TradewindError(
    "repository_refused",
    `the list of blocks of ${file.address} is not that of its length`,
  );
}

/** A tenth more than it takes, since others write too. */
const spare = 0.1;

async function checkRoom({ fs, part: path, file }: FetchFileOptions, part: Part): Promise<void> {
  const needed = file.bytes - part.atHand() + file.bytes * spare;
  const free = await fs.freeBytes(dirname(path));
  if (part.gap() === undefined || free >= needed) return;
  throw new TradewindError(
    "disk_full",
    `there is no room for ${file.address}: it takes ${Math.ceil(needed)} bytes`,
    {
      hint: `${Math.floor(free)} bytes are free; make room, and it is fetched at the next try`,
    },
  );
}

/** A disk that changes what was written is asked to try again, twice. */
const mostDamages = 2;

async function fetchAll(fetching: Fetching): Promise<void> {
  const { part, file, fs } = fetching;
  for (let damages = 0; ; damages += 1) {
    if (part.gap()) await askOrigins((origin) => fetchGap(fetching, origin), fetching);
    const found = await part.finish();
    if (found === "whole") return;
    if (found === "damaged" && damages < mostDamages) continue;
    await part.close();
    await fs.remove(fetching.path);
    throw found === "damaged" ? changing(file.address) : contradictory(file.address);
  }
}

function changing(address: string): TradewindError {
  return new TradewindError("folder_unusable", `the disk does not keep ${address} as it was written`, {
    hint: "see whether the disk is sound",
  });
}

function contradictory(address: string): TradewindError {
  return new TradewindError(
    "repository_refused",
    `the blocks of ${address} are not the file that is signed`,
    {
      hint: "publish the release again",
    },
  );
}
