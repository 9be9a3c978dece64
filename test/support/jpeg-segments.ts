import { exifPrefix } from "./exif.ts";

export function segment(marker: number, data: Buffer | string): Buffer {
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(2 + bytes.byteLength, 2);
  return Buffer.concat([head, bytes]);
}

export function exifSegment(tiff: Buffer): Buffer {
  return segment(0xe1, Buffer.concat([exifPrefix, tiff]));
}

/** The JPEG with more behind its first two bytes. */
export function withSegments(jpeg: Buffer, ...segments: readonly Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

/** The JPEG with more before its last two bytes. */
export function withSegmentsAtEnd(jpeg: Buffer, ...segments: readonly Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, -2), ...segments, jpeg.subarray(-2)]);
}
