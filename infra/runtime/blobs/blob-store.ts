/** Blobs under keys, wherever they lie: a folder or a bucket of a cloud. Four places, one contract, one suite of tests. */
export type BlobStore = AsyncDisposable & {
  /** Every blob of a folder, sorted by key; `""` is the whole store. More than `maxEntries` (10,000) is an error. */
  readonly list: (folder: string, options: ListOptions) => Promise<readonly BlobEntry[]>;
  /** A small blob as a whole. */
  readonly read: (
    key: string,
    options: ReadOptions,
  ) => Promise<{ readonly bytes: Uint8Array; readonly version: string }>;
  /** Part of a blob as a stream; whoever opens it reads it to its end, leaves the loop, or aborts the signal. */
  readonly readRange: (key: string, options: RangeOptions) => Promise<BlobRange>;
  /** A blob as a file: it appears under its path whole, verified and on disk, or not at all. */
  readonly download: (key: string, path: string, options: DownloadOptions) => Promise<StoredBlob>;
  /** Readers see the old blob or the new one, never a part. */
  readonly write: (key: string, source: BlobSource, options: CallOptions) => Promise<StoredBlob>;
  /** What is not there is as good as deleted. */
  readonly delete: (key: string, options: CallOptions) => Promise<void>;
  /** Gives up whatever is in hand; may be called twice. */
  readonly close: () => Promise<void>;
};

export type CallOptions = { readonly signal: AbortSignal };

export type ListOptions = CallOptions & { readonly maxEntries?: number };

export type ReadOptions = CallOptions & {
  readonly maxBytes: number;
  /** Without it, the newest. One that is gone is `blob_missing`, never another in its place. */
  readonly version?: string;
};

export type DownloadOptions = ReadOptions & {
  /** In hex; a blob with another digest is refused. */
  readonly sha256?: string;
};

export type RangeOptions = CallOptions & {
  readonly start: number;
  /** The first byte that is no longer wanted; an end beyond the blob's is the blob's. */
  readonly end: number;
  readonly version?: string;
};

export type BlobEntry = {
  readonly key: string;
  readonly bytes: number;
  /**
   * Under one key, the same version is the same bytes, in a list as in every read and write: the ETag in S3 and Azure,
   * the generation in GCS, time with size and inode in a folder. S3 and Azure also read by a version id of their own.
   */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
};

export type BlobRange = {
  readonly version: string;
  readonly start: number;
  /** How many bytes come. */
  readonly bytes: number;
  /** How many the whole blob has. */
  readonly totalBytes: number;
  readonly body: AsyncIterable<Uint8Array>;
};

export type BlobSource = Uint8Array | { readonly file: string };

export type StoredBlob = { readonly bytes: number; readonly sha256: string; readonly version: string };
