import { crc32 } from "node:zlib";
import type { ImageSize } from "../../contract.ts";
import { type Orientation, orientationTiff, readOrientation } from "./exif-orientation.ts";
import { beginningWith, type KeptParts, keep, put, type Walked } from "./kept-parts.ts";
import { cutShort, damaged } from "./unreadable-image.ts";

/** Walks the chunks up to the end of the image; whatever follows it is no part of the picture. */
export function stripPng(image: Buffer): Walked {
  const walk: Walk = { kept: { image, type: "png", parts: [] }, size: readHeader(image), hasData: false };
  let at = headerEnd;
  for (;;) {
    const chunk = chunkAt(image, at);
    if (chunk.type === "IEND") return finish(walk);
    takeChunk(walk, chunk);
    at = chunk.to;
  }
}

type Walk = {
  readonly kept: KeptParts;
  readonly size: ImageSize;
  hasData: boolean;
  orientation?: Orientation;
};

type Chunk = {
  readonly type: string;
  readonly from: number;
  readonly to: number;
  readonly data: Buffer;
};

/** Magic and the header chunk. */
const headerEnd = 33;

function readHeader(image: Buffer): ImageSize {
  const { type, data } = chunkAt(image, 8);
  if (type !== "IHDR" || data.byteLength !== 13) throw damaged("png", "its header is odd");
  const size = { width: data.readUInt32BE(0), height: data.readUInt32BE(4) };
  if (size.width === 0 || size.height === 0) throw damaged("png", "it has no pixels");
  return size;
}

function chunkAt(image: Buffer, from: number): Chunk {
  if (from + 12 > image.byteLength) throw cutShort("png");
  const length = image.readUInt32BE(from);
  const to = from + 12 + length;
  if (to > image.byteLength) throw cutShort("png");
  const type = image.toString("latin1", from + 4, from + 8);
  return { type, from, to, data: image.subarray(from + 8, to - 4) };
}

/** What tells a decoder of colours, clear places and the pixels' shape, and how many bytes of it there may be. */
const mostBytes: ReadonlyMap<string, number> = new Map([
  ["tRNS", 256],
  ["gAMA", 4],
  ["cHRM", 32],
  ["sRGB", 1],
  ["cICP", 4],
  ["sBIT", 4],
  ["mDCV", 24],
  ["cLLI", 8],
  ["pHYs", 9],
  ["iCCP", Number.POSITIVE_INFINITY],
]);

function takeChunk(walk: Walk, { type, from, to, data }: Chunk): void {
  if (type === "IDAT" || type === "PLTE") {
    walk.hasData ||= type === "IDAT";
    keep(walk.kept, from, to);
  } else if (isCritical(type))
    throw damaged("png", "it has a chunk that no decoder knows, or its header twice");
  else if (walk.hasData) return;
  else if (data.byteLength <= (mostBytes.get(type) ?? -1)) keep(walk.kept, from, to);
  // Of several the decoder takes the first, and none behind the pixels.
  else if (type === "eXIf") walk.orientation ??= readOrientation(data);
}

/** A capital first letter says that the picture cannot be read without it. */
function isCritical(type: string): boolean {
  return (type.charCodeAt(0) & 0x20) === 0;
}

const end = chunk("IEND", Buffer.alloc(0));

function finish({ kept, size, orientation = 1, hasData }: Walk): Walked {
  if (!hasData) throw damaged("png", "it ends before any picture");
  put(kept, end);
  const header = kept.image.subarray(0, headerEnd);
  const head =
    orientation === 1 ? header : Buffer.concat([header, chunk("eXIf", orientationTiff(orientation))]);
  return { size, orientation, kept: beginningWith(head, kept) };
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.byteLength);
  bytes.writeUInt32BE(data.byteLength);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.byteLength)), 8 + data.byteLength);
  return bytes;
}
