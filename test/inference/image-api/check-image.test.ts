import { expect, test } from "vitest";
import { checkImage } from "#inference/image-api/check-image.ts";
import { tinyJpeg } from "#test/support/gateway-app.ts";

const image = await tinyJpeg();

test("a sound image is told with its type and its size", () => {
  expect(checkImage(image, { mostPixels: 256 })).toMatchObject({
    type: "jpeg",
    size: { width: 16, height: 16 },
  });
});

test.each([
  ["more pixels than are allowed", image, 255, "image_too_large"],
  ["its end missing", image.subarray(0, 100), 256, "image_undecodable"],
  ["no image in it", Buffer.from("hello, this is text"), 256, "image_type_unsupported"],
])("a file with %s is refused before anybody decodes it", (_, bytes, mostPixels, code) => {
  expect(() => checkImage(bytes, { mostPixels })).toThrow(expect.objectContaining({ code }));
});
