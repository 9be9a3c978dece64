import sharp from "sharp";
import { expect, test } from "vitest";
import { stripMetadata } from "#inference/image/strip/strip-metadata.ts";
import { tiffOf } from "#test/support/exif.ts";
import { exifSegment, segment, withSegments, withSegmentsAtEnd } from "#test/support/jpeg-segments.ts";

const grey = { create: { width: 8, height: 8, channels: 3 as const, background: "#a0a0a0" } };
const jpeg = await sharp(grey).jpeg({ chromaSubsampling: "4:4:4" }).toBuffer();

function left(image: Buffer): Buffer {
  return Buffer.concat(stripMetadata(image).pieces);
}

async function pixelsOf(image: Buffer): Promise<Buffer> {
  return await sharp(image, { failOn: "error" }).raw().toBuffer();
}

function placeOf(marker: number): number {
  return jpeg.indexOf(Buffer.from([0xff, marker]));
}

const [frame, scan] = [placeOf(0xc0), placeOf(0xda)];
const codedData = scan + 2 + jpeg.readUInt16BE(scan + 2);

/** The same grey block in two intervals with a restart between them. */
function restarted(): Buffer {
  const block = jpeg.subarray(codedData, -2);
  const wide = Buffer.from(jpeg);
  wide.writeUInt16BE(16, frame + 7);
  const interval = segment(0xdd, Buffer.from([0, 1]));
  return Buffer.concat([
    ...[wide.subarray(0, scan), interval, jpeg.subarray(scan, codedData)],
    ...[block, Buffer.from([0xff, 0xd0]), block, Buffer.from([0xff, 0xd9])],
  ]);
}

test("restart markers are part of a JPEG's scan", async () => {
  const image = restarted();
  expect(new Set(await pixelsOf(image))).toEqual(new Set(await pixelsOf(jpeg)));
  expect(stripMetadata(image)).toMatchObject({ size: { width: 16, height: 8 }, removed: 0 });
  expect(left(withSegments(image, segment(0xfe, "secret")))).toEqual(image);
});

test("a comment between the scans of a progressive JPEG goes, the scans stay", async () => {
  const progressive = await sharp(grey).jpeg({ progressive: true }).toBuffer();
  const second = progressive.indexOf(
    Buffer.from([0xff, 0xda]),
    progressive.indexOf(Buffer.from([0xff, 0xda])) + 2,
  );
  const parts = [
    progressive.subarray(0, second),
    segment(0xfe, "secret\xff\xd9"),
    progressive.subarray(second),
  ];
  expect(left(Buffer.concat(parts))).toEqual(progressive);
});

test("a thumbnail in a JPEG's first segment goes, its version and density stay", async () => {
  const jfif = Buffer.from([...Buffer.from("JFIF\0"), 1, 2, 1, 0, 72, 0, 72, 1, 1, 9, 9, 9]);
  const image = withSegments(jpeg, segment(0xe0, jfif), segment(0xe0, jfif));
  const bare = Buffer.from(jfif.subarray(0, 14)).fill(0, 12);
  expect(left(image)).toEqual(withSegments(jpeg, segment(0xe0, bare)));
  expect(await pixelsOf(left(image))).toEqual(await pixelsOf(image));
  expect(stripMetadata(left(image)).removed).toBe(0);
});

test("Adobe's segment keeps what tells the colours and loses what is written behind it", async () => {
  const adobe = Buffer.from([...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, 0]);
  const image = withSegments(jpeg, segment(0xee, Buffer.concat([adobe, Buffer.from("secret")])));
  expect(left(image)).toEqual(withSegments(jpeg, segment(0xee, adobe)));
  // Read as RGB, which they are not, the same bytes have other pixels.
  const misread = left(image);
  expect(await pixelsOf(misread)).not.toEqual(await pixelsOf(jpeg));
  expect(await pixelsOf(misread)).toEqual(await pixelsOf(image));
});

test("fill bytes, lonely markers and rubbish between a JPEG's segments go, as a decoder skips them", async () => {
  const image = withSegments(
    jpeg,
    segment(0xfe, ""),
    Buffer.from("rubbish\xff\x00more\xff\x01\xff\xd3\xff\xff", "latin1"),
  );
  expect(await pixelsOf(image)).toEqual(await pixelsOf(jpeg));
  expect(left(image)).toEqual(jpeg);
});

test("of several EXIF segments the first says how a JPEG lies, as for the decoder", async () => {
  const image = withSegments(jpeg, exifSegment(tiffOf(6)), exifSegment(tiffOf(3)));
  expect((await sharp(image).metadata()).orientation).toBe(6);
  expect(stripMetadata(image).orientation).toBe(6);
  const late = withSegmentsAtEnd(jpeg, exifSegment(tiffOf(6)));
  expect((await sharp(late).metadata()).orientation).toBeUndefined();
  expect(stripMetadata(late)).toMatchObject({ orientation: 1, byteLength: jpeg.byteLength });
});

test.each<[string, Buffer, string]>([
  [
    "a segment of a type that nobody knows",
    withSegments(jpeg, segment(0x02, "abc")),
    "a segment of type 0x2",
  ],
  ["a second beginning", withSegments(jpeg, Buffer.from([0xff, 0xd8])), "a segment of type 0xd8"],
  [
    "a segment of no length",
    withSegments(jpeg, Buffer.from([0xff, 0xe1, 0, 1])),
    "shorter than its own length",
  ],
  [
    "a segment that ends behind the file",
    Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1, 9, 9])]),
    "cut short",
  ],
  ["two frame headers", withSegments(jpeg, jpeg.subarray(frame, frame + 19)), "its frame header is odd"],
  ["a frame header of three bytes", withSegments(jpeg, segment(0xc0, "abc")), "its frame header is odd"],
  [
    "a scan before its frame",
    withSegments(jpeg, jpeg.subarray(scan)),
    "a scan comes before the frame header",
  ],
  ["no picture", Buffer.from([0xff, 0xd8, 0xff, 0xd9]), "it ends before any picture"],
  [
    "a frame without a scan",
    Buffer.concat([jpeg.subarray(0, scan), Buffer.from([0xff, 0xd9])]),
    "it ends before any picture",
  ],
  [
    "a restart interval of the wrong length",
    withSegments(jpeg, segment(0xdd, "secret")),
    "a number in it is longer",
  ],
  ["a width of 0", Buffer.from(jpeg).fill(0, frame + 7, frame + 9), "it has no pixels"],
  [
    "2,000 parts",
    withSegments(
      jpeg,
      ...Array.from({ length: 2_000 }, () => Buffer.concat([segment(0xdd, "\0\0"), segment(0xfe, "")])),
    ),
    "too many parts",
  ],
])("a JPEG with %s is refused and says so", (_, image, message) => {
  expect(() => stripMetadata(image)).toThrow(
    expect.objectContaining({ code: "image_undecodable", message: expect.stringContaining(message) }),
  );
});

test.each([
  ["stuffed bytes", Buffer.from([0xff, 0x00])],
  ["restarts", Buffer.from([0xff, 0xd0])],
  ["bytes that are searched for one by one", Buffer.from([0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])],
])("a long scan of nothing but %s is walked once", (_, unit) => {
  const data = Buffer.alloc(2_000_000 - (2_000_000 % unit.byteLength), unit);
  const image = Buffer.concat([jpeg.subarray(0, codedData), data, Buffer.from([0xff, 0xd9])]);
  const start = performance.now();
  expect(stripMetadata(image).removed).toBe(0);
  // Once takes milliseconds, once for each of them would take minutes.
  expect(performance.now() - start).toBeLessThan(2_000);
});
