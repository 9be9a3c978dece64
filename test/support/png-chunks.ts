import { crc32 } from "node:zlib";

export function pngChunk(type: string, data: Buffer | string): Buffer {
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  const body = Buffer.concat([Buffer.from(type, "latin1"), bytes]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(bytes.byteLength);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Type and place of each chunk, for files that are whole. */
export function pngChunks(
  png: Buffer,
): { readonly type: string; readonly from: number; readonly to: number }[] {
  const chunks = [];
  for (let from = 8; from < png.byteLength; ) {
    const to = from + 12 + png.readUInt32BE(from);
    chunks.push({ type: png.toString("latin1", from + 4, from + 8), from, to });
    from = to;
  }
  return chunks;
}

/** The PNG with more behind its header. */
export function withChunks(png: Buffer, ...chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

/** The PNG with more before its end. */
export function withChunksAtEnd(png: Buffer, ...chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, -12), ...chunks, png.subarray(-12)]);
}
