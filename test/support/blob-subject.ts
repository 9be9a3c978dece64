import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";

export type BlobSubject = {
  readonly store: BlobStore;
  /** Somebody else writes there, under any name. */
  readonly plant: (name: string, bytes: Uint8Array) => Promise<void>;
};

/** Declares one behaviour of every store, and how it is proved. */
export type BlobHolds = (behaviour: string, prove: (subject: BlobSubject) => Promise<void>) => void;
