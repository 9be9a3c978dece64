/** EXIF's numbers: 1 is upright, 2 to 8 are mirrored or turned. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** A TIFF with one directory of one entry that says the orientation: all that remains of EXIF. */
export function orientationTiff(orientation: Orientation): Buffer {
  const tiff = Buffer.from("4d4d002a00000008000101120003000000010000000000000000", "hex");
  tiff.writeUInt16BE(orientation, 18);
  return tiff;
}

/** The first six bytes of EXIF in a JPEG, and of some in WebP. */
export const exifPrefix = Buffer.from("Exif\0\0", "latin1");

export function startsWithExif(bytes: Buffer): boolean {
  return bytes.subarray(0, exifPrefix.byteLength).equals(exifPrefix);
}

/**
 * What the decoder would read, so that an image lies afterwards as it lay before: the first such entry of the first
 * directory, in any type of whole number. What points outside says nothing, and what says nothing is upright.
 */
export function readOrientation(tiff: Buffer): Orientation {
  const order = tiff.toString("latin1", 0, 4);
  if (order === "II*\0") return fromDirectory(reader(tiff, true));
  return order === "MM\0*" ? fromDirectory(reader(tiff, false)) : 1;
}

type Reader = { readonly byte: Read; readonly short: Read; readonly long: Read };
type Read = (at: number) => number | undefined;

function reader(tiff: Buffer, little: boolean): Reader {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const reaches = (at: number, size: number): boolean => at + size <= tiff.byteLength;
  return {
    byte: (at) => tiff[at],
    short: (at) => (reaches(at, 2) ? view.getUint16(at, little) : undefined),
    long: (at) => (reaches(at, 4) ? view.getUint32(at, little) : undefined),
  };
}

const orientationTag = 0x01_12;

function fromDirectory(read: Reader): Orientation {
  const directory = read.long(4);
  if (directory === undefined) return 1;
  const entries = read.short(directory) ?? 0;
  for (let entry = 0; entry < entries; entry += 1) {
    const at = directory + 2 + 12 * entry;
    const tag = read.short(at);
    if (tag === undefined) return 1;
    if (tag === orientationTag) return fromEntry(read, at);
  }
  return 1;
}

/** TIFF's whole numbers: of 1, 2 and 4 bytes, without a sign and with one. */
const sizes: Readonly<Record<number, "byte" | "short" | "long">> = {
  1: "byte",
  3: "short",
  4: "long",
  6: "byte",
  8: "short",
  9: "long",
};
const bytesOf = { byte: 1, short: 2, long: 4 };

/** Up to four bytes of values lie in the entry itself, more lie where it points to. */
function fromEntry(read: Reader, at: number): Orientation {
  const size = sizes[read.short(at + 2) ?? 0];
  const count = read.long(at + 4) ?? 0;
  if (!size || count === 0) return 1;
  const place = bytesOf[size] * count > 4 ? read.long(at + 8) : at + 8;
  const value = place === undefined || read.long(at + 8) === undefined ? 1 : read[size](place);
  return isOrientation(value) ? value : 1;
}

function isOrientation(value: number | undefined): value is Orientation {
  return value !== undefined && value >= 1 && value <= 8;
}
