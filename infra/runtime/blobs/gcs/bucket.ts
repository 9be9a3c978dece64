import { addAbortSignal, Readable } from "node:stream";
import type { File, StorageOptions } from "@google-cloud/storage";
import type { Clock } from "../../clock.ts";
import type { GcsPlace } from "../blob-url.ts";
import type { Bucket, Found, Patience } from "../bucket.ts";
import { extentFrom } from "../extent.ts";
import { Refused, statusOf } from "./errors.ts";
import { openMedia } from "./media.ts";

export type GcsOptions = { readonly place: GcsPlace; readonly patience: Patience; readonly clock: Clock };

export async function openBucket({ place, patience, clock }: GcsOptions): Promise<Bucket> {
  const { IdempotencyStrategy, Storage } = await import("@google-cloud/storage");
  const idempotencyStrategy = IdempotencyStrategy.RetryAlways;
  const { retryOptions, ...config } = clientConfig(place, patience);
  const storage = new Storage({ ...config, retryOptions: { ...retryOptions, idempotencyStrategy } });
  const bucket = storage.bucket(place.bucket);
  const media = await openMedia({
    address: `${storage.apiEndpoint}/storage/v1/b/${place.bucket}/o`,
    authorize: place.anonymous ? undefined : (url) => storage.authClient.getRequestHeaders(url),
    patience,
    clock,
  });
  return {
    page: async ({ prefix, token, limit }) => {
      const maxResults = Math.min(limit, patience.pageSize);
      const next = token === undefined ? {} : { pageToken: token };
      const [files, query] = await bucket.getFiles({ autoPaginate: false, prefix, maxResults, ...next });
      return { found: files.map(found), next: pageToken(query) };
    },
    get: async (name, { version, range, signal }) => {
      // What can be no generation was never one.
      if (version !== undefined && !/^\d{1,19}$/.test(version)) throw new Refused(404);
      const { body, headers } = await media.get(name, { version, range, signal });
      const length = headers["content-length"];
      const extent = extentFrom(
        range,
        headers["content-range"],
        length === undefined ? length : Number(length),
      );
      return { version: generationOf(headers["x-goog-generation"]), extent, body };
    },
    put: async (name, { open }, { signal }) => {
      const file = bucket.file(name);
      // Called again for every try; a stream that dies with the signal ends the upload too.
      const source = () => addAbortSignal(signal, asStream(open()));
      await file.save(source, {
        resumable: false,
        validation: "md5",
        contentType: "application/octet-stream",
      });
      return generationOf(file.metadata.generation);
    },
    remove: async (name) => {
      await bucket.file(name).delete({ ignoreNotFound: true });
    },
    statusOf,
    close: media.close,
  };
}

function clientConfig({ endpoint, anonymous }: GcsPlace, patience: Patience): StorageOptions {
  // The client leaves out credentials only where the address is not its own; this one is the same service.
  const apiEndpoint = endpoint ?? (anonymous ? "https://www.googleapis.com" : undefined);
  return {
    timeout: patience.timeoutMs,
    useAuthWithCustomEndpoint: !anonymous,
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
    retryOptions: {
      autoRetry: true,
      maxRetries: patience.attempts - 1,
      // The client counts these in seconds, and no delay may be below one.
      maxRetryDelay: Math.max(1, patience.maxRetryDelayMs / 1_000),
      totalTimeout: Math.max(1, patience.timeoutMs / 1_000),
    },
  };
}

function asStream(opened: Uint8Array | Readable): Readable {
  return opened instanceof Uint8Array ? Readable.from([opened]) : opened;
}

function found({ name, metadata }: File): Found {
  const { size = 0, generation, updated } = metadata;
  const modifiedAt = updated === undefined ? 0 : Date.parse(updated);
  return { name, bytes: Number(size), version: generationOf(generation), modifiedAt };
}

function generationOf(generation: string | number | undefined): string {
  if (generation === undefined) throw new Error("the server gave no generation");
  return String(generation);
}

function pageToken(query: object | null): string | undefined {
  if (query === null || !("pageToken" in query)) return undefined;
  return typeof query.pageToken === "string" ? query.pageToken : undefined;
}
