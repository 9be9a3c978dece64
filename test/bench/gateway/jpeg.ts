import { seededRandom } from "../../support/random.ts";

/** A JPEG in structure, and where in it the bytes lie that tell one image from another. */
export type Picture = { readonly bytes: Buffer; readonly stampAt: number };

export const stampBytes = 16;

/**
 * Segments in the usual order, then coded data without a marker in it, `size` bytes in all. Nobody decodes it here, but
 * whoever walks its segments finds a whole baseline JPEG in grey. The stamp lies in the coded data, so that taking
 * metadata out leaves it in.
 */
export function writeJpeg(size: number): Picture {
  const side = 16 * Math.ceil(Math.sqrt(4 * size) / 16);
  const head = Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...new Array<number>(64).fill(16)]),
    segment(0xc0, [8, side >> 8, side & 0xff, side >> 8, side & 0xff, 1, 1, 0x11, 0]),
    segment(0xc4, table(0x00, 12)),
    segment(0xc4, table(0x10, 15)),
    segment(0xda, [1, 1, 0x00, 0, 63, 0]),
  ]);
  const bytes = Buffer.alloc(size);
  head.copy(bytes);
  fillCoded(bytes.subarray(head.byteLength, size - 2));
  bytes.set([0xff, 0xd9], size - 2);
  return { bytes, stampAt: head.byteLength };
}

/** Writes a number as hexadecimal digits, of which none looks like a marker. */
export function stamp(bytes: Buffer, at: number, number: number): void {
  for (let digit = stampBytes - 1, left = number; digit >= 0; digit -= 1) {
    bytes[at + digit] = digits[left % 16] ?? 0;
    left = Math.floor(left / 16);
  }
}

const digits = Buffer.from("0123456789abcdef");

function segment(marker: number, content: readonly number[]): Buffer {
  const length = content.length + 2;
  return Buffer.from([0xff, marker, length >> 8, length & 0xff, ...content]);
}

/** A Huffman table of `many` codes, each of four bits. */
function table(place: number, many: number): readonly number[] {
  const counts = new Array<number>(16).fill(0);
  counts[3] = many;
  return [place, ...counts, ...Array.from({ length: many }, (_, symbol) => symbol)];
}

function fillCoded(bytes: Buffer): void {
  const random = seededRandom(bytes.byteLength);
  for (let index = 0; index < bytes.byteLength; index += 1) bytes[index] = random.bits() % 0xff;
}
