import { checkImage } from "#inference/image-api/check-image.ts";
import { readImages } from "#inference/image-api/read-images.ts";
import { type ImageOptions, readOptions } from "#inference/image-api/read-options.ts";
import { addressRefused, type ImageItem } from "#inference/image-api/received-body.ts";
import { refuseEncoded } from "#inference/image-api/refuse-encoded.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { Place } from "#infra/runtime/in-flight.ts";
import type { LocalAsk, LocalLimits } from "./local-ask.ts";

export type ReceivedImages = {
  /** As it came. */
  readonly body: Buffer;
  /** Each as it came, or why it can't be looked at. */
  readonly images: readonly (Uint8Array | TradewindError)[];
  /** A list was sent, so a list is answered. */
  readonly several: boolean;
  readonly options: ImageOptions;
};

/** Reads the body, whatever form it has; nothing is fetched from anywhere, as at a gateway that names no hosts. */
export async function receiveImages(
  ask: LocalAsk,
  asked: ImageOptions,
  { limits, place }: { readonly limits: LocalLimits; readonly place: Place },
): Promise<ReceivedImages> {
  refuseEncoded(ask.header("content-encoding"));
  const body = await ask.readBody({
    maxBytes: limits.body,
    timeoutMs: limits.bodyTimeout,
    onBytes: place.grow,
  });
  const { items, fields, several } = readImages(body, ask.header("content-type"));
  const options = Object.keys(fields).length > 0 ? readOptions(ask.query, fields) : asked;
  const read = (item: ImageItem) => readItem(item, { several, mostPixels: limits.pixels });
  return { body, images: items.map(read), several, options };
}

function readItem(
  item: ImageItem,
  { several, mostPixels }: { readonly several: boolean; readonly mostPixels: number },
): Uint8Array | TradewindError {
  try {
    if ("url" in item) throw addressRefused();
    checkImage(item.bytes, { mostPixels });
    return item.bytes;
  } catch (error) {
    if (!several) throw error;
    return asTradewindError(error);
  }
}
