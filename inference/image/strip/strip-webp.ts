import { headerSize } from "../header-size.ts";
import {
  exifPrefix,
  type Orientation,
  orientationTiff,
  readOrientation,
  startsWithExif,
} from "./exif-orientation.ts";
import { beginningWith, bytesIn, type KeptParts, keep, put, type Walked } from "./kept-parts.ts";
import { cutShort, damaged } from "./unreadable-image.ts";
import { type Chunk, chunksIn, flags, isPicture, riffHead, webpChunk } from "./webp-chunks.ts";

/** Keeps the picture, or the first one of an animation, and says in the header what is left. */
export function stripWebp(image: Buffer): Walked {
  if (image.byteLength < firstChunk) throw cutShort("webp");
  const limit = 8 + image.readUInt32LE(4);
  if (limit > image.byteLength) throw cutShort("webp");
  const size = headerSize(image, "webp");
  if (!size || size.width === 0 || size.height === 0) throw damaged("webp", "its header is odd");
  const chunks = chunksIn(image, firstChunk, limit);
  const first = chunks.next().value;
  const kept: KeptParts = { image, type: "webp", parts: [] };
  if (first && isPicture(first)) return { size, ...simple(kept, first) };
  if (first?.type !== "VP8X" || first.data.byteLength !== 10) throw damaged("webp", "its header is odd");
  return { size, ...extended(kept, first.data, chunks) };
}

const firstChunk = 12;

type Stripped = Pick<Walked, "orientation" | "kept">;

/** Decoders read nothing but the first chunk of such a file. */
function simple(kept: KeptParts, { from, to }: Chunk): Stripped {
  keep(kept, from, to);
  return { orientation: 1, kept: beginningWith(riffHead(to - from), kept) };
}

type Walk = {
  readonly kept: KeptParts;
  readonly header: Buffer;
  readonly seen: Set<string>;
  picture?: Chunk;
  orientation?: Orientation;
};

function extended(kept: KeptParts, header: Buffer, chunks: Iterable<Chunk>): Stripped {
  const walk: Walk = { kept, header, seen: new Set() };
  for (const chunk of chunks) takeChunk(walk, chunk);
  const { orientation = 1, picture } = walk;
  if (!picture) throw damaged("webp", "it ends before any picture");
  if (isNeedlesslyExtended(walk, picture)) return simple({ ...kept, parts: [] }, picture);
  if (orientation !== 1) put(kept, webpChunk("EXIF", orientationTiff(orientation)));
  const said = webpChunk("VP8X", saying(header, orientation));
  const head = Buffer.concat([riffHead(said.byteLength + bytesIn(kept)), said]);
  return { orientation, kept: beginningWith(head, kept) };
}

const ofOnePicture = new Set(["ICCP", "ANIM", "ALPH"]);

/** Of everything that may come once a decoder takes the first. */
function takeChunk(walk: Walk, chunk: Chunk): void {
  const { kept, seen, header } = walk;
  const { type, from, to, data } = chunk;
  if (to - from !== 8 + data.byteLength + (data.byteLength & 1)) throw cutShort("webp");
  if (type === "EXIF") {
    // Where the header does not announce it, a decoder does not look.
    if (header.readUInt8(0) & flags.exif) walk.orientation ??= readOrientation(tiffIn(data));
  } else if (walk.picture) return;
  else if (isPicture(chunk) || type === "ANMF") {
    walk.picture = chunk;
    if (type === "ANMF") takeFrame(kept, chunk);
    else keep(kept, from, to);
  } else if (ofOnePicture.has(type) && !seen.has(type)) keep(kept, from, to);
  seen.add(type);
}

function tiffIn(data: Buffer): Buffer {
  return startsWithExif(data) ? data.subarray(exifPrefix.byteLength) : data;
}

/** Where a frame lies and how long it is shown. */
const frameHeader = 16;

function takeFrame(kept: KeptParts, { from, data }: Chunk): void {
  const start = from + 8 + frameHeader;
  const inside: Chunk[] = [];
  for (const chunk of chunksIn(kept.image, start, from + 8 + data.byteLength)) {
    const isWanted = isPicture(chunk) || (chunk.type === "ALPH" && inside.length === 0);
    if (isWanted) inside.push(chunk);
    if (isPicture(chunk)) break;
  }
  if (!inside.some(isPicture)) throw damaged("webp", "a frame of it has no picture");
  const bytes = inside.reduce((sum, chunk) => sum + chunk.to - chunk.from, frameHeader);
  const head = Buffer.from(kept.image.subarray(from, start));
  head.writeUInt32LE(bytes, 4);
  put(kept, head, from);
  for (const chunk of inside) keep(kept, chunk.from, chunk.to);
}

/**
 * Some programs extend a file to write metadata into it. What is left then is the simple file of before, if that would
 * mean the same: its size, and whether it has clear places.
 */
function isNeedlesslyExtended({ kept, header, seen, orientation = 1 }: Walk, picture: Chunk): boolean {
  if (orientation !== 1 || !isPicture(picture) || [...ofOnePicture].some((type) => seen.has(type)))
    return false;
  const claimed = (header.readUInt8(0) & flags.alpha) !== 0;
  const hasAlpha = picture.type === "VP8L" && ((picture.data[4] ?? 0) & 0x10) !== 0;
  const alone = Buffer.concat([riffHead(0), kept.image.subarray(picture.from, picture.from + 18)]);
  const size = headerSize(alone, "webp");
  const isSameSize =
    size?.width === 1 + header.readUIntLE(4, 3) && size.height === 1 + header.readUIntLE(7, 3);
  return claimed === hasAlpha && isSameSize;
}

function saying(header: Buffer, orientation: Orientation): Buffer {
  const kept = flags.animation | flags.alpha | flags.profile;
  const data = Buffer.from(header).fill(0, 0, 4);
  data[0] = (header.readUInt8(0) & kept) | (orientation === 1 ? 0 : flags.exif);
  return data;
}
