import { TradewindError } from "#infra/runtime/errors.ts";
import type { ImageSize } from "../contract.ts";
import { headerSize } from "../image/header-size.ts";
import { sniffImage } from "../image/sniff.ts";
import { type StrippedImage, stripMetadata } from "../image/strip/strip-metadata.ts";

/** What the file is and what of it is worth keeping; refuses what is no image, damaged, or too large to decode. */
export function checkImage(
  image: Uint8Array,
  { mostPixels }: { readonly mostPixels: number },
): StrippedImage {
  // The quick look first, so that what is too large is not walked.
  refuseOver(mostPixels, headerSize(image, sniffImage(image)));
  const stripped = stripMetadata(image);
  refuseOver(mostPixels, stripped.size);
  return stripped;
}

function refuseOver(most: number, size: ImageSize | undefined): void {
  if (!size || size.width * size.height <= most) return;
  const has = `the image has ${size.width} x ${size.height} pixels`;
  throw new TradewindError("image_too_large", `${has}, more than the ${most / 1e6} million allowed here`);
}
