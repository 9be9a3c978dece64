import type { TenantName } from "./configuration.ts";

/** What every request of a load looks like. */
export type Shape = {
  readonly path: string;
  /** The image itself, or JSON with it in base64. */
  readonly form: "image" | "json";
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the image. */
  readonly bytes: number;
  /** Each another image, or so many in turn. */
  readonly images: "unique" | number;
  /** So many keys of the tenant in turn. */
  readonly keys: number;
  readonly tenant: TenantName;
};

type Common = {
  readonly port: number;
  readonly shape: Shape;
  /** Answered, and not counted. */
  readonly warmUpMs: number;
  readonly windowMs: number;
};

/** Each connection sends its next request when it has the answer to its last. */
export type ClosedOrder = Common & { readonly kind: "closed"; readonly concurrency: number };

/**
 * Requests leave at a fixed rate, whether or not the last ones were answered, and their latency counts from the moment
 * at which they were due.
 */
export type PacedOrder = Common & { readonly kind: "paced"; readonly perSecond: number };

export type LoadOrder = ClosedOrder | PacedOrder;

export type LoadAnswer = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** In the window. */
  readonly answered: number;
  /** In the window and before it. */
  readonly total: number;
  /** How much later than due the generator's timer woke, the slowest hundredth; 0 in a closed loop. */
  readonly lateP99Ms: number;
  /** Processor time of the generator for each request. */
  readonly generatorMs: number;
  /** The first things that went wrong. */
  readonly errors: readonly string[];
};
