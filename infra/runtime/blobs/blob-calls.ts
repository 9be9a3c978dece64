import type { Clock } from "../clock.ts";
import { TradewindError } from "../errors.ts";
import { blobFailure } from "./blob-failure.ts";
import type { Bucket } from "./bucket.ts";
import { within } from "./within.ts";

export type BlobCalls = {
  /** The signal that a call lives by: the caller's, and the store's own end. */
  readonly enter: (signal: AbortSignal) => AbortSignal;
  /** One request of the bucket, bounded in time; `extraMs` is for what the request itself carries. */
  readonly attempt: <Result>(
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
    extraMs?: number,
  ) => Promise<Result>;
  /** Runs a call whose errors leave as ours. */
  readonly translated: <Result>(asked: Asking, call: () => Promise<Result>) => Promise<Result>;
  readonly translate: (error: unknown, asked: Asking) => unknown;
  readonly close: () => Promise<void>;
};

export type Asking = {
  /** The caller's own: who left is told nothing but its own reason. */
  readonly signal: AbortSignal;
  /** A key, or `blobs`. */
  readonly what: string;
  readonly version?: string | undefined;
};

export type BlobCallsOptions = {
  readonly bucket: Bucket;
  readonly where: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
};

/** How calls begin and end, the same for every one of them. */
export function createBlobCalls({ bucket, where, clock, timeoutMs }: BlobCallsOptions): BlobCalls {
  const ending = new AbortController();
  let closing: Promise<void> | undefined;
  const translate: BlobCalls["translate"] = (error, { signal, what, version }) => {
    if (signal.aborted) return signal.reason;
    if (ending.signal.aborted) return closed(where);
    return blobFailure(error, bucket.statusOf(error), { what: `${what} in ${where}`, version });
  };
  return {
    enter: (signal) => {
      signal.throwIfAborted();
      if (ending.signal.aborted) throw closed(where);
      return AbortSignal.any([signal, ending.signal]);
    },
    attempt: (signal, work, extraMs = 0) => within({ clock, ms: timeoutMs + extraMs, signal }, work),
    translated: async (asked, call) => {
      try {
        return await call();
      } catch (error) {
        throw translate(error, asked);
      }
    },
    translate,
    close: () => {
      ending.abort(new Error("the store closed"));
      closing ??= bucket.close();
      return closing;
    },
  };
}

function closed(where: string): TradewindError {
  return new TradewindError("blob_unavailable", `the blobs in ${where} are closed`);
}
