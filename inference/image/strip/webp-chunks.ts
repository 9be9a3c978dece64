import { cutShort } from "./unreadable-image.ts";

export type Chunk = {
  readonly type: string;
  readonly from: number;
  /** Behind the byte that evens an odd length. */
  readonly to: number;
  readonly data: Buffer;
};

/** The chunks of a part of a file, one behind the other; only the very last may lack its evening byte. */
export function* chunksIn(image: Buffer, from: number, limit: number): Generator<Chunk> {
  for (let at = from; at < limit; ) {
    const chunk = chunkAt(image, at, limit);
    yield chunk;
    at = chunk.to;
  }
}

function chunkAt(image: Buffer, from: number, limit: number): Chunk {
  if (from + 8 > limit) throw cutShort("webp");
  const length = image.readUInt32LE(from + 4);
  const end = from + 8 + length;
  if (end > limit) throw cutShort("webp");
  const type = image.toString("latin1", from, from + 4);
  return { type, from, to: Math.min(end + (length & 1), limit), data: image.subarray(from + 8, end) };
}

/** The pixels of a picture, with loss and without. */
export function isPicture({ type }: Chunk): boolean {
  return type === "VP8 " || type === "VP8L";
}

/** Flags of the extended header. */
export const flags = { animation: 0x02, exif: 0x08, alpha: 0x10, profile: 0x20 };

/** What a file begins with; `bytes` is how many follow. */
export function riffHead(bytes: number): Buffer {
  const head = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  head.writeUInt32LE(4 + bytes, 4);
  return head;
}

export function webpChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(8 + data.byteLength + (data.byteLength & 1));
  chunk.write(type, "latin1");
  chunk.writeUInt32LE(data.byteLength, 4);
  chunk.set(data, 8);
  return chunk;
}
