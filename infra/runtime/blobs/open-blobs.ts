import { type Chance, systemChance } from "../chance.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { AzureCredential } from "./azure/credential.ts";
import type { BlobStore } from "./blob-store.ts";
import { type BlobPlace, parseBlobUrl } from "./blob-url.ts";
import type { Bucket, Patience } from "./bucket.ts";
import { createBlobStore } from "./create-blob-store.ts";
import type { S3Credentials } from "./s3/bucket.ts";

export type OpenBlobsOptions = {
  readonly clock?: Clock;
  readonly chance?: Chance;
  /** For one request to be answered, its retries included. */
  readonly timeoutMs?: number;
  /** A body that says nothing for so long is taken up again. */
  readonly stallMs?: number;
  readonly connectTimeoutMs?: number;
  readonly attempts?: number;
  readonly maxRetryDelayMs?: number;
  readonly pageSize?: number;
  /** Where a client's own chain of credentials is not meant. */
  readonly s3?: S3Credentials;
  readonly azure?: AzureCredential;
};

/**
 * Opens the blobs at an address: a folder, `file://`, `s3://`, `gs://` or `az://`. A folder must be there; a cloud is
 * not asked before the first call, and its client is loaded only here, since loading one costs a second.
 */
export async function openBlobs(url: string, options: OpenBlobsOptions = {}): Promise<BlobStore> {
  const { clock = systemClock, chance = systemChance, timeoutMs = 30_000, stallMs = 30_000 } = options;
  const place = parseBlobUrl(url);
  const bucket = await openPlace(place, { ...options, clock, chance, timeoutMs });
  const base = place.kind === "folder" ? "" : place.base;
  return createBlobStore({ bucket, base, where: nameOf(place), clock, chance, timeoutMs, stallMs });
}

type PlaceOptions = OpenBlobsOptions & {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly timeoutMs: number;
};

async function openPlace(place: BlobPlace, options: PlaceOptions): Promise<Bucket> {
  const patience = patienceOf(options);
  switch (place.kind) {
    case "folder": {
      const { openBucket } = await import("./folder/bucket.ts");
      return openBucket({ path: place.path, chance: options.chance });
    }
    case "s3": {
      const { openBucket } = await import("./s3/bucket.ts");
      return openBucket({ place, patience, credentials: options.s3 });
    }
    case "gcs": {
      const { openBucket } = await import("./gcs/bucket.ts");
      return openBucket({ place, patience, clock: options.clock });
    }
    case "azure": {
      const { openBucket } = await import("./azure/bucket.ts");
      return openBucket({ place, patience, credential: options.azure });
    }
  }
}

function patienceOf(options: PlaceOptions): Patience {
  const {
    timeoutMs,
    attempts = 3,
    connectTimeoutMs = 5_000,
    maxRetryDelayMs = 2_000,
    pageSize = 1_000,
  } = options;
  return { timeoutMs, attempts, connectTimeoutMs, maxRetryDelayMs, pageSize };
}

/** For messages: where the blobs are, without how they are reached. */
function nameOf(place: BlobPlace): string {
  switch (place.kind) {
    case "folder":
      return place.path;
    case "s3":
      return `s3://${place.bucket}/${place.base}`;
    case "gcs":
      return `gs://${place.bucket}/${place.base}`;
    case "azure":
      return `az://${place.account}/${place.container}/${place.base}`;
  }
}
