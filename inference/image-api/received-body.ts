import { TradewindError } from "#infra/runtime/errors.ts";

/** An image that is here, mostly as a view into the body; or where it is to be fetched from. */
export type ImageItem = { readonly bytes: Uint8Array } | { readonly url: string };

export type ReceivedBody = {
  readonly items: readonly ImageItem[];
  /** A list was sent, so a list is answered, even of one. */
  readonly several: boolean;
  /** Parameters that came in the body instead of the query. */
  readonly fields: Fields;
};

export type Fields = Readonly<Record<string, readonly string[]>>;

export type BodyLimits = { readonly mostImages: number };

export const noFields: Fields = Object.freeze({});

export function tooManyImages(most: number): TradewindError {
  return new TradewindError("images_too_many", `one request carries ${most} images at most`);
}

/** Where no hosts are named from which images may be fetched. */
export function addressRefused(): TradewindError {
  const message = "addresses of images are not fetched here; send the image itself";
  return new TradewindError("url_refused", message);
}
