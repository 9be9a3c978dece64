import { addAbortSignal, Readable } from "node:stream";
import type { BlobItem } from "@azure/storage-blob";
import type { AzurePlace } from "../blob-url.ts";
import type { Bucket, Found, Patience } from "../bucket.ts";
import { etagVersion, splitVersion } from "../etag.ts";
import { extentFrom } from "../extent.ts";
import { type AzureCredential, openService } from "./credential.ts";
import { statusOf } from "./errors.ts";

export type AzureOptions = {
  readonly place: AzurePlace;
  readonly patience: Patience;
  readonly credential?: AzureCredential | undefined;
};

export async function openBucket({ place, patience, credential }: AzureOptions): Promise<Bucket> {
  const service = await openService(place, patience, credential);
  const container = service.getContainerClient(place.container);
  return {
    page: async ({ prefix, token, limit, signal }) => {
      const pages = container.listBlobsFlat({ prefix, includeMetadata: true, abortSignal: signal }).byPage({
        maxPageSize: Math.min(limit, patience.pageSize),
        ...(token === undefined ? {} : { continuationToken: token }),
      });
      const page = (await pages.next()).value;
      return {
        found: page.segment.blobItems.filter(isBlob).map(found),
        next: page.continuationToken || undefined,
      };
    },
    get: async (name, { version, range, signal }) => {
      const { etag, id } = splitVersion(version);
      const blob = container.getBlobClient(name);
      const [start, count] = range === undefined ? [] : [range.start, range.end - range.start];
      const got = await (id === undefined ? blob : blob.withVersion(id)).download(start, count, {
        abortSignal: signal,
        // A body that breaks off is taken up again by us, the same way everywhere.
        maxRetryRequests: 0,
        ...(etag === undefined ? {} : { conditions: { ifMatch: etag } }),
      });
      const body = got.readableStreamBody;
      if (!(body instanceof Readable)) throw new Error("the client gave no stream");
      const extent = extentFrom(range, got.contentRange, got.contentLength);
      return { version: id ?? etagVersion(got.etag), extent, body };
    },
    put: async (name, { bytes, open }, { signal }) => {
      // Called again for every try.
      const body = () => addAbortSignal(signal, asStream(open()));
      const blob = container.getBlockBlobClient(name);
      return etagVersion((await blob.upload(body, bytes, { abortSignal: signal })).etag);
    },
    remove: async (name, { signal }) => {
      await container.getBlobClient(name).deleteIfExists({ abortSignal: signal });
    },
    statusOf,
    close: async () => undefined,
  };
}

function asStream(opened: Uint8Array | Readable): Readable {
  return opened instanceof Uint8Array ? Readable.from([opened]) : opened;
}

/** Accounts with a hierarchy list their folders as blobs of no bytes. */
function isBlob({ metadata }: BlobItem): boolean {
  return metadata?.hdi_isfolder !== "true";
}

function found({ name, properties }: BlobItem): Found {
  const { contentLength = 0, etag, lastModified } = properties;
  return { name, bytes: contentLength, version: etagVersion(etag), modifiedAt: lastModified.getTime() };
}
