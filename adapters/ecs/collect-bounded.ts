/** No answer of ECS is larger: a hundred tasks with everything that is known of them take less than one. */
const mostBytes = 16 * 1_048_576;

/** A whole answer, or an error where it does not end. */
export async function collectBounded(stream: unknown, most = mostBytes): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > most) throw new RangeError(`an answer of more than ${most} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
