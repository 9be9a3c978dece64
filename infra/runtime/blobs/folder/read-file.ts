import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline, Readable, Transform } from "node:stream";
import { TradewindError } from "../../errors.ts";
import type { Extent, GetRequest, Got } from "../bucket.ts";
import { NoBlob } from "./errors.ts";
import { isDetour } from "./paths.ts";
import { versionOf } from "./version.ts";

// A pipe would keep its opener waiting for a writer; Windows knows neither flag.
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export async function readFile(path: string, { version, range }: GetRequest): Promise<Got> {
  if (await isDetour(path)) throw new NoBlob("it is behind a link");
  const file = await open(path, flags);
  try {
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) throw new NoBlob("it is no file");
    const current = versionOf(stats);
    if (version !== undefined && version !== current) throw new NoBlob("it was replaced");
    const extent = extentOf(Number(stats.size), range);
    return { version: current, extent, body: bodyOf(file, extent, current) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function extentOf(totalBytes: number, range: GetRequest["range"]): Extent {
  if (!range) return { start: 0, bytes: totalBytes, totalBytes };
  if (range.start >= totalBytes) throw new NoBlob("it ends before the range", 416);
  return { start: range.start, bytes: Math.min(range.end, totalBytes) - range.start, totalBytes };
}

/** Whoever replaces files by renaming disturbs no reader; whoever writes into them is found out at the end. */
function bodyOf(file: FileHandle, extent: Extent, version: string): Readable {
  const checked = new Transform({
    highWaterMark: 262_144,
    transform: (chunk, _, next) => next(null, chunk),
    flush: (next) => void unchanged(file, version).then(() => next(), next),
  });
  pipeline(bytesOf(file, extent), checked, () => void file.close().catch(() => undefined));
  return checked;
}

function bytesOf(file: FileHandle, { start, bytes }: Extent): Readable {
  if (bytes === 0) return Readable.from([]);
  const end = start + bytes - 1;
  return file.createReadStream({ start, end, autoClose: false, highWaterMark: 262_144 });
}

async function unchanged(file: FileHandle, version: string): Promise<void> {
  if (versionOf(await file.stat({ bigint: true })) === version) return;
  throw new TradewindError("blob_unavailable", "the file changed while it was read", {
    hint: "replace files in this folder by renaming new ones into place",
  });
}
