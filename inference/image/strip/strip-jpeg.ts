import type { ImageSize } from "../../contract.ts";
import {
  exifPrefix,
  type Orientation,
  orientationTiff,
  readOrientation,
  startsWithExif,
} from "./exif-orientation.ts";
import { beginningWith, type KeptParts, keep, put, type Walked } from "./kept-parts.ts";
import { cutShort, damaged } from "./unreadable-image.ts";

/** Walks every segment and every scan up to the end of the image; behind it may lie a second picture, or a film. */
export function stripJpeg(image: Buffer): Walked {
  const walk: Walk = { image, kept: { image, type: "jpeg", parts: [] }, scans: 0 };
  let at = 2;
  for (;;) {
    const code = nextMarker(image, at);
    const marker = image[code];
    if (marker === endOfImage) return finish(walk, code);
    at = isBare(marker) ? code + 1 : takeSegment(walk, code);
  }
}

type Walk = {
  readonly image: Buffer;
  readonly kept: KeptParts;
  scans: number;
  size?: ImageSize;
  orientation?: Orientation;
  hasJfif?: true;
};

type Segment = {
  readonly marker: number;
  /** Of its 0xff. */
  readonly from: number;
  readonly to: number;
  /** Behind marker and length. */
  readonly data: Buffer;
};

const endOfImage = 0xd9;
const startOfScan = 0xda;
const comment = 0xfe;

/** Where the byte behind the next 0xff stands; what lies before is skipped, as a decoder does. */
function nextMarker(image: Buffer, from: number): number {
  let at = from;
  for (;;) {
    if (image[at] !== 0xff) at = image.indexOf(0xff, at);
    if (at < 0) throw cutShort("jpeg");
    while (image[at] === 0xff) at += 1;
    if (at >= image.byteLength) throw cutShort("jpeg");
    if (image[at] !== 0) return at;
  }
}

/** Restart markers and 0x01 stand alone; between segments they mean nothing. */
function isBare(marker: number | undefined): boolean {
  return marker === 0x01 || (marker !== undefined && isRestart(marker));
}

function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}

function takeSegment(walk: Walk, code: number): number {
  const segment = segmentAt(walk.image, code);
  const { marker, to } = segment;
  if (marker === startOfScan) return takeScan(walk, segment);
  if (isFrame(marker)) takeFrame(walk, segment);
  else if (isTable(marker)) takeTable(walk, segment);
  // A decoder has settled the colours and how the image lies before the first scan.
  else if (isApplication(marker) && walk.scans === 0) takeApplication(walk, segment);
  return to;
}

function segmentAt(image: Buffer, code: number): Segment {
  const marker = image.readUInt8(code);
  if (!isKnown(marker)) throw damaged("jpeg", `it has a segment of type 0x${marker.toString(16)}`);
  if (code + 3 > image.byteLength) throw cutShort("jpeg");
  const length = image.readUInt16BE(code + 1);
  const to = code + 1 + length;
  if (length < 2) throw damaged("jpeg", "a segment is shorter than its own length");
  if (to > image.byteLength) throw cutShort("jpeg");
  return { marker, from: code - 1, to, data: image.subarray(code + 3, to) };
}

function isKnown(marker: number): boolean {
  if (marker === startOfScan || marker === comment) return true;
  return isApplication(marker) || isFrame(marker) || isTable(marker);
}

function isApplication(marker: number): boolean {
  return marker >= 0xe0 && marker <= 0xef;
}

/** All frames that there are, but for the hierarchical ones, which no decoder here reads. */
function isFrame(marker: number): boolean {
  const isOther = marker === 0xc4 || marker === 0xc8 || marker === 0xcc;
  return marker >= 0xc0 && marker <= 0xcf && !isOther;
}

const lineCount = 0xdc;
const restartInterval = 0xdd;

/** Huffman, arithmetic and quantization tables, and two single numbers. */
function isTable(marker: number): boolean {
  return [0xc4, 0xcc, 0xdb, lineCount, restartInterval].includes(marker);
}

function takeTable({ kept }: Walk, { marker, from, to, data }: Segment): void {
  const isNumber = marker === lineCount || marker === restartInterval;
  if (isNumber && data.byteLength !== 2) throw damaged("jpeg", "a number in it is longer than numbers are");
  keep(kept, from, to);
}

function takeFrame(walk: Walk, { from, to, data }: Segment): void {
  if (walk.size || data.byteLength < 6) throw damaged("jpeg", "its frame header is odd");
  walk.size = { width: data.readUInt16BE(3), height: data.readUInt16BE(1) };
  keep(walk.kept, from, to);
}

function takeScan(walk: Walk, { from, to }: Segment): number {
  if (!walk.size) throw damaged("jpeg", "a scan comes before the frame header");
  const end = endOfScan(walk.image, to);
  walk.scans += 1;
  keep(walk.kept, from, end);
  return end;
}

/** How many bytes are looked at one by one before the native search is called: where 0xff is dense, calls cost more. */
const byHand = 8;

/** Where the first marker behind a scan begins: in coded data 0xff comes with a 0 behind it, or is a restart. */
function endOfScan(image: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const near = at + byHand;
    while (at < near && image[at] !== 0xff) at += 1;
    if (at === near) at = image.indexOf(0xff, at);
    if (at < 0) throw cutShort("jpeg");
    const start = at;
    while (image[at] === 0xff) at += 1;
    const marker = image[at];
    if (marker === undefined) throw cutShort("jpeg");
    if (marker !== 0 && !isRestart(marker)) return start;
    at += 1;
  }
}

/** Of what applications write, a decoder needs the two that tell the colours, and people need the profile. */
function takeApplication(walk: Walk, { marker, from, to, data }: Segment): void {
  const { kept } = walk;
  if (marker === 0xe0 && isNamed(data, "JFIF\0", 14)) takeJfif(walk, from);
  else if (marker === 0xe1 && startsWithExif(data)) {
    // Of several the decoder takes the first.
    walk.orientation ??= readOrientation(data.subarray(exifPrefix.byteLength));
  } else if (marker === 0xe2 && isNamed(data, "ICC_PROFILE\0", 14)) keep(kept, from, to);
  else if (marker === 0xee && isNamed(data, "Adobe", 12)) takeStart(kept, from, 12);
}

function isNamed(data: Buffer, name: string, leastBytes: number): boolean {
  return data.byteLength >= leastBytes && data.toString("latin1", 0, name.length) === name;
}

/** Version and density stay, the thumbnail goes. */
function takeJfif(walk: Walk, from: number): void {
  if (walk.hasJfif) return;
  walk.hasJfif = true;
  takeStart(walk.kept, from, 14, 2);
}

/** The first bytes of a segment's data as a segment of their own, the last few of them zero. */
function takeStart(kept: KeptParts, from: number, dataBytes: number, zeros = 0): void {
  const start = Buffer.from(kept.image.subarray(from, from + 4 + dataBytes));
  start.writeUInt16BE(2 + dataBytes, 2);
  start.fill(0, start.byteLength - zeros);
  put(kept, start, from);
}

const startOfImage = Buffer.from([0xff, 0xd8]);

function finish({ kept, scans, size, orientation = 1 }: Walk, code: number): Walked {
  if (!size || scans === 0) throw damaged("jpeg", "it ends before any picture");
  if (size.width === 0 || size.height === 0) throw damaged("jpeg", "it has no pixels");
  keep(kept, code - 1, code + 1);
  const head = orientation === 1 ? startOfImage : Buffer.concat([startOfImage, exifSegment(orientation)]);
  return { size, orientation, kept: beginningWith(head, kept) };
}

function exifSegment(orientation: Orientation): Buffer {
  const data = Buffer.concat([exifPrefix, orientationTiff(orientation)]);
  return Buffer.concat([Buffer.from([0xff, 0xe1, 0, 2 + data.byteLength]), data]);
}
