import { expect, test } from "vitest";
import { prepareImage } from "#gateway/images/prepare-image.ts";
import { headerSize } from "#inference/image/header-size.ts";
import { plain } from "#test/support/exif-images.ts";
import { withSegments } from "#test/support/jpeg-segments.ts";
import { routeOver } from "#test/support/routes.ts";

const { rules } = routeOver([]);
const { width, height } = prepareImage(plain.jpeg, rules, { mostPixels: 1e9 }).size;

test("an image is as large as its limit allows, and not by one pixel larger", () => {
  expect(prepareImage(plain.jpeg, rules, { mostPixels: width * height }).mostPixels).toBe(width * height);
  expect(() => prepareImage(plain.jpeg, rules, { mostPixels: width * height - 1 })).toThrow(
    expect.objectContaining({ code: "image_too_large" }),
  );
});

test("an image whose header tells no size is held to the size that was found in walking it", () => {
  // A marker that stands alone, where the quick look expects a length.
  const image = withSegments(plain.jpeg, Buffer.from([0xff, 0x01]));
  expect(headerSize(image, "jpeg")).toBeUndefined();
  expect(prepareImage(image, rules, { mostPixels: width * height }).size).toEqual({ width, height });
  expect(() => prepareImage(image, rules, { mostPixels: width * height - 1 })).toThrow(
    expect.objectContaining({ code: "image_too_large" }),
  );
});
