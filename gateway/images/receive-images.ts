import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Place } from "#infra/runtime/in-flight.ts";
import type { Deadline } from "../admission/deadline.ts";
import { fetchImage } from "../bodies/fetch-image.ts";
import { readImages } from "../bodies/read-images.ts";
import type { ImageItem } from "../bodies/received-body.ts";
import type { Config } from "../config.ts";
import type { ImageAsk } from "./image-ask.ts";
import { type ImageOptions, readOptions } from "./read-options.ts";

/** An image as it came, or why it did not. */
export type Received = Uint8Array | TradewindError;

export type ReceivedImages = {
  readonly images: readonly Received[];
  /** A list was sent, so a list is answered. */
  readonly several: boolean;
  readonly options: ImageOptions;
};

export type ReceiveOptions = {
  readonly limits: Config["limits"];
  readonly fetchFrom: readonly string[];
  readonly place: Place;
  readonly deadline: Deadline;
};

/** Reads the body, whatever form it has, and fetches what it only points at. */
export async function receiveImages(
  ask: ImageAsk,
  options: ImageOptions,
  { limits, fetchFrom, place, deadline }: ReceiveOptions,
): Promise<ReceivedImages> {
  refuseEncoded(ask);
  const body = await ask.readBody({
    maxBytes: limits.body,
    timeoutMs: limits.bodyTimeout,
    onBytes: place.grow,
  });
  const { items, fields, several } = readImages(body, ask.header("content-type"));
  const images = items.map((item) => receive(item, { limits, fetchFrom, deadline }));
  return {
    // Fetching is the exception: a body that holds its images has no reason to wait.
    images: images.some((image) => image instanceof Promise)
      ? await Promise.all(images)
      : (images as Received[]),
    several,
    options: Object.keys(fields).length > 0 ? readOptions(ask.query, fields) : options,
  };
}

type Fetching = Pick<ReceiveOptions, "limits" | "fetchFrom" | "deadline">;

function receive(item: ImageItem, { limits, fetchFrom, deadline }: Fetching): Received | Promise<Received> {
  if ("bytes" in item) return item.bytes;
  if (fetchFrom.length === 0)
    return new TradewindError(
      "url_refused",
      "addresses of images are not fetched here; send the image itself",
    );
  return fetchImage(item.url, {
    signal: deadline.signal,
    allow: fetchFrom,
    maxBytes: limits.body,
    timeoutMs: Math.min(limits.bodyTimeout, 10_000),
  }).catch(asTradewindError);
}

/** A compressed image would be decompressed for nothing, and a bomb for worse. */
function refuseEncoded(ask: ImageAsk): void {
  const encoding = ask.header("content-encoding");
  if (encoding === undefined || encoding === "identity") return;
  const why = `content-encoding ${encoding.slice(0, 32)} is not accepted, images are compressed already`;
  throw new TradewindError("encoding_unsupported", why);
}
