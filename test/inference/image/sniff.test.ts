import { expect, test } from "vitest";
import { sniffImage } from "#inference/image/sniff.ts";

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))),
  );

test("the magic bytes of the three served kinds are recognised", () => {
  expect(sniffImage(bytes([0xff, 0xd8, 0xff, 0xe0]))).toBe("jpeg");
  expect(sniffImage(bytes([0x89], "PNG\r\n", [0x1a, 0x0a]))).toBe("png");
  expect(sniffImage(bytes("RIFF", [1, 0, 0, 0], "WEBPVP8 "))).toBe("webp");
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["text", Buffer.from("these are words, naïve ones")],
  ["an SVG", Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')],
  ["an HTML page", Buffer.from("<!doctype html><p>hello")],
  ["an XML document", Buffer.from("<?xml version='1.0'?><a/>")],
  ["JSON", Buffer.from('{"image": "..."}')],
  ["a data URL", Buffer.from("data:image/png;base64,iVBORw0")],
  ["a GIF", bytes("GIF89a")],
  ["a BMP", bytes("BM", [0, 1, 2, 3])],
  ["a TIFF", bytes("II*\0")],
  ["a PDF", bytes("%PDF-1.7")],
  ["a ZIP archive", bytes("PK", [3, 4])],
  ["an AVIF image", bytes([0, 0, 0, 0x1c], "ftypavif")],
  ["a HEIC image", bytes([0, 0, 0, 0x1c], "ftypheic")],
  ["an MP4 file", bytes([0, 0, 0, 0x1c], "ftypisom")],
  ["3 bytes of an unknown kind", Buffer.from([0, 255, 254])],
] as const)("a body that is %s is refused by that name", (seen, body) => {
  expect(() => sniffImage(body)).toThrow(
    expect.objectContaining({
      code: "image_type_unsupported",
      message: expect.stringContaining(`got ${seen}`),
    }),
  );
});
