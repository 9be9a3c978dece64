export function webpChunk(type: string, data: Buffer | string): Buffer {
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.byteLength);
  return Buffer.concat([Buffer.from(type, "latin1"), length, bytes, Buffer.alloc(bytes.byteLength & 1)]);
}

export function riff(...chunks: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from("WEBP"), ...chunks]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.byteLength);
  return Buffer.concat([Buffer.from("RIFF"), length, body]);
}

/** An extended WebP around the chunks of one, with its flags and size as given. */
export function extendedWebp(
  { flags, width, height }: { readonly flags: number; readonly width: number; readonly height: number },
  ...chunks: readonly Buffer[]
): Buffer {
  const header = Buffer.alloc(10);
  header[0] = flags;
  header.writeUIntLE(width - 1, 4, 3);
  header.writeUIntLE(height - 1, 7, 3);
  return riff(webpChunk("VP8X", header), ...chunks);
}

/** Type and bytes of each chunk, for files that are whole. */
export function webpChunks(webp: Buffer): { readonly type: string; readonly bytes: Buffer }[] {
  const chunks = [];
  for (let from = 12; from < webp.byteLength; ) {
    const length = webp.readUInt32LE(from + 4);
    const to = from + 8 + length + (length & 1);
    chunks.push({ type: webp.toString("latin1", from, from + 4), bytes: webp.subarray(from, to) });
    from = to;
  }
  return chunks;
}
