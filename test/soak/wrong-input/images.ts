import { crc32 } from "node:zlib";
import sharp from "sharp";
import type { Random } from "../../support/random.ts";
import { scene } from "../../support/scenes.ts";

/** One good image in each format that is accepted, to be spoilt. */
export type Images = { readonly jpeg: Buffer; readonly png: Buffer; readonly webp: Buffer };

export async function goodImages(seed: number): Promise<Images> {
  const { width, height, pixels } = scene(seed, { width: 200, height: 150 });
  const image = () => sharp(pixels, { raw: { width, height, channels: 3 } });
  const [jpeg, png, webp] = await Promise.all([
    image().jpeg({ quality: 80 }).toBuffer(),
    image().png().toBuffer(),
    image().webp({ quality: 80 }).toBuffer(),
  ]);
  return { jpeg, png, webp };
}

export function truncated(image: Buffer, random: Random): Buffer {
  return image.subarray(0, random.integer(1, image.length - 1));
}

/** Overwrites up to fifty bytes; the first few are often spared, so that the file still passes for an image. */
export function garbled(image: Buffer, random: Random): Buffer {
  const copy = Buffer.from(image);
  const first = random.chance(0.7) ? 32 : 0;
  for (let left = random.integer(1, 50); left > 0; left -= 1) {
    copy[random.integer(first, copy.length - 1)] = random.integer(0, 255);
  }
  return copy;
}

/** A part cut out, or doubled, or swapped for bytes of its own length. */
export function shuffled(image: Buffer, random: Random): Buffer {
  const from = random.integer(16, image.length - 2);
  const to = random.integer(from + 1, image.length);
  const [head, part, tail] = [image.subarray(0, from), image.subarray(from, to), image.subarray(to)];
  return random.chance(0.5) ? Buffer.concat([head, tail]) : Buffer.concat([head, part, part, tail]);
}

export function randomBytes(length: number, random: Random): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random.integer(0, 255)));
}

/** A PNG whose header is sound and claims a size that no machine should try to hold. */
export function hugePng(png: Buffer, random: Random): Buffer {
  const copy = Buffer.from(png);
  copy.writeUInt32BE(random.integer(10_000, 2 ** 31 - 1), 16);
  copy.writeUInt32BE(random.integer(10_000, 2 ** 31 - 1), 20);
  copy.writeUInt32BE(crc32(copy.subarray(12, 29)), 29);
  return copy;
}

/** A JPEG whose frame header claims up to 65,535 pixels each way over the data of a small one. */
export function hugeJpeg(jpeg: Buffer, random: Random): Buffer {
  const copy = Buffer.from(jpeg);
  const frame = copy.findIndex((byte, at) => byte === 0xff && (copy[at + 1] ?? 0) === 0xc0);
  if (frame < 0) throw new Error("the good JPEG has no baseline frame header to falsify");
  copy.writeUInt16BE(random.integer(12_000, 65_535), frame + 5);
  copy.writeUInt16BE(random.integer(12_000, 65_535), frame + 7);
  return copy;
}
