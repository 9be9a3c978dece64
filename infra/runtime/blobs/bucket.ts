import type { Readable } from "node:stream";

/**
 * The little that differs from place to place. Names are whole object names, checked; every call ends with its signal,
 * and throws whatever its library throws: `statusOf` reads from that what HTTP would have said.
 */
export type Bucket = {
  readonly page: (request: PageRequest) => Promise<Page>;
  readonly get: (name: string, request: GetRequest) => Promise<Got>;
  /** Resolves to the version that was written. */
  readonly put: (
    name: string,
    content: Content,
    request: { readonly signal: AbortSignal },
  ) => Promise<string>;
  readonly remove: (name: string, request: { readonly signal: AbortSignal }) => Promise<void>;
  readonly statusOf: (error: unknown) => number | undefined;
  readonly close: () => Promise<void>;
};

export type PageRequest = {
  readonly prefix: string;
  /** From the page before. */
  readonly token: string | undefined;
  /** No page needs to hold more. */
  readonly limit: number;
  readonly signal: AbortSignal;
};

export type Page = { readonly found: readonly Found[]; readonly next: string | undefined };

export type Found = {
  readonly name: string;
  readonly bytes: number;
  readonly version: string;
  readonly modifiedAt: number;
};

export type GetRequest = {
  readonly version: string | undefined;
  /** The end excluded; it may lie beyond the object's. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  readonly signal: AbortSignal;
};

export type Got = {
  readonly version: string;
  readonly extent: Extent;
  readonly body: Readable;
};

/** Which part of an object a body holds. */
export type Extent = { readonly start: number; readonly bytes: number; readonly totalBytes: number };

export type Content = {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
  /** Small content is in memory, so that a library can send it again; a stream is opened anew by each call. */
  readonly open: () => Uint8Array | Readable;
};

/** What every cloud's client is told about waiting. */
export type Patience = {
  /** Tries of one request, the first included. */
  readonly attempts: number;
  readonly connectTimeoutMs: number;
  /** For an answer to begin. */
  readonly timeoutMs: number;
  readonly maxRetryDelayMs: number;
  /** The most entries of one listing answer; a test makes it small. */
  readonly pageSize: number;
};
