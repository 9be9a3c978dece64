import type { ImageSize } from "#inference/contract.ts";
import { headerSize } from "#inference/image/header-size.ts";
import { type ImageType, sniffImage } from "#inference/image/sniff.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { RouteRules } from "../fleet/snapshot.ts";
import { digestImage } from "../prepare/digest-image.ts";
import { type StrippedImage, stripMetadata } from "../prepare/strip-metadata.ts";

/** An image that may be sent on: checked, without what nobody needs to know, and named by its content. */
export type PreparedImage = {
  readonly type: ImageType;
  readonly pieces: readonly Uint8Array[];
  readonly byteLength: number;
  /** As it lies in the file. */
  readonly size: ImageSize;
  readonly orientation: StrippedImage["orientation"];
  readonly digest: string;
  /** How many pixels it was allowed: whoever decodes it stops there. */
  readonly mostPixels: number;
};

export function prepareImage(
  image: Uint8Array,
  { prepare, cache }: Pick<RouteRules, "prepare" | "cache">,
  { mostPixels }: { readonly mostPixels: number },
): PreparedImage {
  const type = sniffImage(image);
  // The quick look first, so that what is too large is not walked.
  refuseOver(mostPixels, headerSize(image, type));
  const stripped = stripMetadata(image);
  refuseOver(mostPixels, stripped.size);
  const kept = prepare.strip ? stripped : { pieces: [image], byteLength: image.byteLength };
  const named = cache?.digest === "content" ? stripped.pieces : [image];
  const { size: walked, orientation } = stripped;
  return { type, ...pick(kept), size: walked, orientation, digest: digestImage(named), mostPixels };
}

function pick({ pieces, byteLength }: Pick<PreparedImage, "pieces" | "byteLength">) {
  return { pieces, byteLength };
}

function refuseOver(most: number, size: ImageSize | undefined): void {
  if (!size || size.width * size.height <= most) return;
  const has = `the image has ${size.width} x ${size.height} pixels`;
  throw new TradewindError("image_too_large", `${has}, more than the ${most / 1e6} million allowed here`);
}
