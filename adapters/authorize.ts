/** A request that is about to leave. */
export type OutgoingCall = {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  /** With the query. */
  readonly path: string;
  readonly body: Uint8Array | readonly Uint8Array[] | undefined;
};

/**
 * The headers by which a backend lets a call in, names and values in turn. At once wherever what it takes is at hand, since
 * every image waits for it.
 */
export type Authorize = (call: OutgoingCall) => readonly string[] | Promise<readonly string[]>;
