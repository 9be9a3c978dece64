import type { ImageSize } from "#inference/contract.ts";

/**
 * The size of a JPEG that needs nothing but decoding: three 8-bit channels, lying as a person sees it. Of such a file the
 * decoder has no more to tell, and asking it costs as much as a tenth of the decoding. Undefined for any other file, and
 * for any doubt.
 */
export function plainJpeg(bytes: Uint8Array): ImageSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return readSegments(view);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const scan = 0xda;
const application = 0xe1;
const mostSegments = 1_000;

/** Up to the first scan, behind which there is only data. */
function readSegments(view: DataView): ImageSize | undefined {
  let size: ImageSize | undefined;
  let at = 2;
  for (let segments = 0; segments < mostSegments; segments += 1) {
    const marker = view.getUint16(at) - 0xff00;
    if (marker === scan) return size;
    if (!isPlainSegment(view, at, marker) || (isFrame(marker) && size)) return undefined;
    if (isFrame(marker)) size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** Fill bytes, markers without a length and whatever else is rare are left to the decoder. */
function isPlainSegment(view: DataView, at: number, marker: number): boolean {
  if (marker < 0xc0 || marker > 0xfe || (marker >= 0xd0 && marker <= 0xd9)) return false;
  if (isFrame(marker)) return isPlainFrame(view, at, marker);
  return marker !== application || !isTurned(view, at + 4);
}

function isFrame(marker: number): boolean {
  const isTable = marker === 0xc4 || marker === 0xc8 || marker === 0xcc;
  return marker >= 0xc0 && marker <= 0xcf && !isTable;
}

/** Baseline, extended or progressive with Huffman codes; a height of 0 would be told after the scan. */
function isPlainFrame(view: DataView, at: number, marker: number): boolean {
  const [bits, height, width, channels] = [4, 5, 7, 9].map((offset) =>
    offset === 5 || offset === 7 ? view.getUint16(at + offset) : view.getUint8(at + offset),
  );
  return marker <= 0xc2 && bits === 8 && channels === 3 && height !== 0 && width !== 0;
}

/** Does EXIF say anything of the orientation but that it is upright? What cannot be read counts as a doubt. */
function isTurned(view: DataView, at: number): boolean {
  const isExif = view.getUint32(at) === 0x45_78_69_66 && view.getUint16(at + 4) === 0;
  if (!isExif) return false;
  const tiff = at + 6;
  const order = view.getUint16(tiff);
  if (order !== 0x49_49 && order !== 0x4d_4d) return true;
  const little = order === 0x49_49;
  const directory = tiff + view.getUint32(tiff + 4, little);
  const entries = view.getUint16(directory, little);
  for (let entry = 0; entry < entries; entry += 1) {
    const place = directory + 2 + 12 * entry;
    if (view.getUint16(place, little) === 0x01_12) return view.getUint16(place + 8, little) !== 1;
  }
  return false;
}
