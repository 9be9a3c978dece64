import { expect, test } from "vitest";
import { stripMetadata } from "#inference/image/strip/strip-metadata.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { canary, imageTypes, plain, talkative } from "#test/support/exif-images.ts";
import { seededRandom } from "#test/support/random.ts";

test.each(imageTypes)("2,000 mutations of a %s are stripped or refused and give away nothing", (type) => {
  const random = seededRandom(4);
  const images = [talkative(type, 6), talkative(type, 1), plain[type]];
  let stripped = 0;
  for (let round = 0; round < 2_000; round += 1) {
    const image = mutated(images[round % 3] ?? plain[type], random);
    const left = outcome(image);
    if (left === undefined) continue;
    stripped += 1;
    expect(outcome(left)?.equals(left), `round ${round}`).toBe(true);
  }
  expect(stripped).toBeGreaterThan(100);
});

type Mutate = (image: Buffer, random: ReturnType<typeof seededRandom>) => Buffer;

const mutations: readonly Mutate[] = [
  (image, random) => {
    image[random.integer(0, image.byteLength - 1)] = random.integer(0, 255);
    return image;
  },
  (image, random) => {
    image[random.integer(0, Math.min(200, image.byteLength - 1))] = random.chance(0.5) ? 0xff : 0;
    return image;
  },
  (image, random) => image.subarray(0, random.integer(0, image.byteLength)),
  (image, random) => {
    const at = random.integer(0, image.byteLength);
    return Buffer.concat([image.subarray(0, at), image.subarray(random.integer(0, image.byteLength))]);
  },
];

function mutated(image: Buffer, random: ReturnType<typeof seededRandom>): Buffer {
  let made: Buffer = Buffer.from(image);
  for (let count = random.integer(1, 3); count > 0; count -= 1) {
    const mutate = mutations[random.integer(0, mutations.length - 1)];
    if (mutate && made.byteLength > 0) made = mutate(made, random);
  }
  return made;
}

/** What is left of it; undefined where it was refused. Anything else that it throws fails the test. */
function outcome(image: Buffer): Buffer | undefined {
  try {
    return Buffer.concat(stripMetadata(image).pieces);
  } catch (error) {
    if (error instanceof TradewindError) return undefined;
    throw error;
  }
}

test("a secret stays out wherever a whole segment holds it, under all changes to the rest", () => {
  const random = seededRandom(11);
  for (const type of imageTypes) {
    const image = talkative(type, 6);
    for (let round = 0; round < 300; round += 1) {
      const made = Buffer.from(image);
      // Only in the picture's own bytes, so that every segment stays the segment that it was.
      const at = image.lastIndexOf(pictureStart[type]) + 24;
      made[at + random.integer(0, 40)] = random.integer(0, 254);
      const left = outcome(made);
      expect(left?.includes(canary) ?? false, `${type}, round ${round}`).toBe(false);
    }
  }
});

const pictureStart = { jpeg: Buffer.from([0xff, 0xda]), png: "IDAT", webp: "VP8 " };
