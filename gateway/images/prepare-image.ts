import type { ImageSize } from "#inference/contract.ts";
import type { ImageType } from "#inference/image/sniff.ts";
import type { StrippedImage } from "#inference/image/strip/strip-metadata.ts";
import { checkImage } from "#inference/image-api/check-image.ts";
import type { RouteRules } from "../fleet/snapshot.ts";
import { digestImage } from "../prepare/digest-image.ts";

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
  const stripped = checkImage(image, { mostPixels });
  const kept = prepare.strip ? stripped : { pieces: [image], byteLength: image.byteLength };
  const named = cache?.digest === "content" ? stripped.pieces : [image];
  const { type, size, orientation } = stripped;
  return { type, ...pick(kept), size, orientation, digest: digestImage(named), mostPixels };
}

function pick({ pieces, byteLength }: Pick<PreparedImage, "pieces" | "byteLength">) {
  return { pieces, byteLength };
}
