import { expect, test } from "vitest";
import { readLie, turned, turnedSize } from "#adapters/rest/read-lie.ts";
import { height, imageTypes, plain, talkative, width } from "#test/support/exif-images.ts";

test.each(imageTypes)("the size of a plain %s is in its head", async (type) => {
  expect(await readLie(plain[type])).toEqual({ type, size: { width, height }, orientation: 1 });
});

test.each(imageTypes)("how a %s lies is read from its EXIF", async (type) => {
  const lie = await readLie(talkative(type, 6));
  expect(lie).toEqual({ type, size: { width, height }, orientation: 6 });
  expect(turnedSize(lie)).toEqual({ width: height, height: width });
});

test("each way to lie has its way back: the file's upper left corner is where a person sees it", () => {
  const size = { width: 40, height: 30 };
  const corner = (orientation: number) => turned({ x: 1, y: 2 }, { type: "jpeg", size, orientation });
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(corner)).toEqual([
    { x: 1, y: 2 },
    { x: 39, y: 2 },
    { x: 39, y: 28 },
    { x: 1, y: 28 },
    { x: 2, y: 1 },
    { x: 28, y: 1 },
    { x: 28, y: 39 },
    { x: 2, y: 39 },
  ]);
});

test("what looks like an image and is none is refused", async () => {
  const png = Buffer.concat([plain.png.subarray(0, 8), Buffer.alloc(64)]);
  await expect(readLie(png)).rejects.toMatchObject({ code: "image_undecodable" });
  await expect(readLie(Buffer.from("GIF89a"))).rejects.toMatchObject({ code: "image_type_unsupported" });
});
