import type { Terms } from "#adapters/terms.ts";
import type { RouteTerms } from "../../dispatch/terms.ts";

/** What one replay runs against: a route's backends, what they cost, and how fast they are in truth. */
export type SimulatedFleet = {
  readonly model: string;
  readonly route: RouteTerms;
  /** In the order of their groups. */
  readonly backends: readonly FleetBackend[];
  readonly faults: readonly Fault[];
};

export type FleetBackend = {
  readonly name: string;
  /** What is declared of it, and all that the dispatch is told. */
  readonly terms: Terms;
  readonly group: number;
  readonly weight?: number;
  readonly canary?: number;
  /** How it really is. */
  readonly service: ServiceTerms;
};

export type ServiceTerms = {
  readonly law: Law;
  readonly variation: Variation;
  readonly network: Network;
  /** Of one that is provisioned, how many stand; the others begin with none. */
  readonly instances: number;
  readonly mostInstances: number;
  /** Requests that one instance takes at once. */
  readonly perInstance: number;
  /** Requests that wait at most while all instances are full; the next is told to come again. */
  readonly queue: number;
  readonly retryAfterMs: number;
  /** The deviation of the logarithm of how long a start takes. */
  readonly coldNoise: number;
  /** Whether a request that nobody waits for is given up while it is worked on. */
  readonly stopsOnAbort: boolean;
};

/** How long one instance works on what it has. */
export type Law =
  /** One device that takes together all that came while it was busy, as a GPU behind a dynamic batcher does. */
  | {
      readonly kind: "batching";
      readonly baseMs: number;
      readonly perItemMs: number;
      readonly maxBatch: number;
    }
  /** So many at a time, each for itself, in the order of their coming. */
  | { readonly kind: "parallel"; readonly ms: number; readonly workers: number }
  /** All at once, each slower by those that were there when it came. */
  | { readonly kind: "linear"; readonly baseMs: number; readonly perInFlightMs: number }
  /** As it was measured, by how many were there. */
  | { readonly kind: "samples"; readonly levels: readonly MeasuredLevel[] };

/** Ascending times that answers took while so many requests were there all the time. */
export type MeasuredLevel = { readonly concurrency: number; readonly ms: readonly number[] };

export type Variation = {
  /** The deviation of the logarithm of a time; the mean stays. */
  readonly noise: number;
  /** A few take so many times as long, whatever the reason. */
  readonly outliers?: { readonly share: number; readonly factor: number };
  readonly drift?: Drift;
};

/** What makes everything slower and faster again over minutes. */
export type Drift =
  | { readonly kind: "sine"; readonly periodMs: number; readonly share: number }
  /** A random walk of the logarithm that comes back within about so long. */
  | { readonly kind: "walk"; readonly backMs: number; readonly deviation: number };

export type Network = {
  readonly rttMs: number;
  /** The deviation of the logarithm of a way's time; the mean stays. */
  readonly jitter: number;
  readonly bytesPerMs: number;
};

/** What goes wrong with one backend, from when to when. */
export type Fault = { readonly backend: string; readonly fromMs: number; readonly toMs: number } & Trouble;

export type Trouble =
  /** Connections are refused, and what was under way is lost. */
  | { readonly kind: "down" }
  | { readonly kind: "slow"; readonly factor: number }
  /** This share fails, and fast. */
  | { readonly kind: "errors"; readonly share: number }
  /** It takes requests and does nothing until it is over. */
  | { readonly kind: "hang" }
  /** It takes nothing and says when to come again. */
  | { readonly kind: "full"; readonly retryAfterMs: number }
  | { readonly kind: "latency"; readonly ms: number }
  /** What it costs, which is declared anew as well. */
  | { readonly kind: "price"; readonly factor: number };
