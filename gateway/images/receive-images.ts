import { readImages } from "#inference/image-api/read-images.ts";
import { type ImageOptions, readOptions } from "#inference/image-api/read-options.ts";
import { addressRefused } from "#inference/image-api/received-body.ts";
import { refuseEncoded } from "#inference/image-api/refuse-encoded.ts";
import type { Deadline } from "#infra/runtime/deadline.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import { createGate } from "#infra/runtime/gate.ts";
import type { Place } from "#infra/runtime/in-flight.ts";
import { fetchImage } from "../bodies/fetch-image.ts";
import type { Config } from "../config.ts";
import type { ImageAsk } from "./image-ask.ts";

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
  readonly fetch?: typeof fetchImage;
};

/** One request may not take all the connections that this gateway has for fetching. */
const fetchesAtOnce = 4;

/** Reads the body, whatever form it has, and fetches what it only points at. */
export async function receiveImages(
  ask: ImageAsk,
  options: ImageOptions,
  receiving: ReceiveOptions,
): Promise<ReceivedImages> {
  const { limits, place } = receiving;
  refuseEncoded(ask.header("content-encoding"));
  const body = await ask.readBody({
    maxBytes: limits.body,
    timeoutMs: limits.bodyTimeout,
    onBytes: place.grow,
  });
  const { items, fields, several } = readImages(body, ask.header("content-type"));
  const account = openAccount(body.byteLength, place);
  const fetching = createGate(fetchesAtOnce);
  const images = items.map((item) =>
    "bytes" in item ? item.bytes : fetching(() => fetchItem(item.url, receiving, account())),
  );
  return {
    // Fetching is the exception: a body that holds its images has no reason to wait.
    images: images.some((image) => image instanceof Promise)
      ? await Promise.all(images)
      : (images as Received[]),
    several,
    options: Object.keys(fields).length > 0 ? readOptions(ask.query, fields) : options,
  };
}

type Share = { readonly grow: (bytes: number) => void; readonly giveBack: () => void };

/** What each fetched image takes, on the account of the body that named it. */
function openAccount(bodyBytes: number, place: Place): () => Share {
  let total = bodyBytes;
  return () => {
    let held = 0;
    const hold = (bytes: number): number => {
      total += bytes - held;
      held = bytes;
      return total;
    };
    const giveBack = (): void => place.settle(hold(0));
    const grow = (bytes: number): void => {
      try {
        place.grow(hold(bytes));
      } catch (error) {
        // At once, so that another image may still find room.
        giveBack();
        throw error;
      }
    };
    return { grow, giveBack };
  };
}

async function fetchItem(
  url: string,
  { limits, fetchFrom, deadline, fetch = fetchImage }: ReceiveOptions,
  share: Share,
): Promise<Received> {
  if (fetchFrom.length === 0) return addressRefused();
  try {
    return await fetch(url, {
      signal: deadline.signal,
      allow: fetchFrom,
      maxBytes: limits.body,
      timeoutMs: Math.min(limits.bodyTimeout, 10_000),
      onBytes: share.grow,
    });
  } catch (error) {
    share.giveBack();
    return asTradewindError(error);
  }
}
