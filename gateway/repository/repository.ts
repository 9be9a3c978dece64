import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Lives } from "./lives.ts";

/** Where signed lists and what they name lie. */
export type Repository = {
  readonly store: BlobStore;
  readonly clock: Pick<Clock, "now">;
  /** The usual ones where they are not given. */
  readonly lives?: Partial<Lives>;
};

/** A list in the store that may not be named, and why. */
export type Refusal = { readonly key: string; readonly why: string };

export type Call = { readonly signal: AbortSignal };
