import { TradewindError } from "#infra/runtime/errors.ts";

export type ImageType = "jpeg" | "png" | "webp";

/** What the first bytes say it is; a content type header is never asked, since callers get it wrong. */
export function sniffImage(bytes: Uint8Array): ImageType {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return "jpeg";
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "png";
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") return "webp";
  throw new TradewindError(
    "image_type_unsupported",
    `expected a JPEG, PNG or WebP image, got ${seen(bytes)}`,
  );
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

function seen(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return "nothing";
  return binarySeen(bytes) ?? textSeen(bytes) ?? `${bytes.byteLength} bytes of an unknown kind`;
}

function binarySeen(bytes: Uint8Array): string | undefined {
  const head = ascii(bytes, 0, 4);
  if (head === "GIF8") return "a GIF";
  if (head.startsWith("BM")) return "a BMP";
  if (head === "II*\0" || head === "MM\0*") return "a TIFF";
  if (head === "%PDF") return "a PDF";
  if (head.startsWith("PK\u0003\u0004")) return "a ZIP archive";
  if (ascii(bytes, 4, 8) !== "ftyp") return undefined;
  const brand = ascii(bytes, 8, 12);
  if (brand === "avif" || brand === "avis") return "an AVIF image";
  return /^(heic|heix|hevc|mif1|msf1)$/.test(brand) ? "a HEIC image" : "an MP4 file";
}

function textSeen(bytes: Uint8Array): string | undefined {
  const sample = bytes.subarray(0, 1_024);
  // A multi-byte character may be cut at the sample's end, which `stream` forgives.
  const text = decodeText(sample);
  if (text === undefined) return undefined;
  if (/<svg[\s>]/i.test(text)) return "an SVG";
  if (/^\s*<(!doctype html|html)/i.test(text)) return "an HTML page";
  if (/^\s*<\?xml/.test(text)) return "an XML document";
  if (/^\s*[{[]/.test(text)) return "JSON";
  return /^\s*data:image\//.test(text) ? "a data URL, where the image's own bytes belong" : "text";
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return /[^\P{Cc}\t\n\r\f]/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
