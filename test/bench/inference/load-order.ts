import type { Requests } from "./requests.ts";

/** Requests in a closed loop: each of `concurrency` connections sends its next when it has the answer to its last. */
export type LoadOrder = {
  readonly kind: "load";
  /** Connections are spread over them evenly, as a balancer in front would. */
  readonly ports: readonly number[];
  readonly requests: Requests;
  readonly concurrency: number;
  /** Answered, and not counted. */
  readonly warmUpMs: number;
  /** Ends by the clock, */
  readonly windowMs?: number;
  /** or after so many requests. */
  readonly count?: number;
};

/** The same requests at a given rate to nobody: what the generator costs while something without a door is measured. */
export type IdleOrder = {
  readonly kind: "idle";
  readonly requests: Requests;
  readonly perSecond: number;
  readonly windowMs: number;
};

export type LoadAnswer = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answered: number;
  /** The first things that went wrong. */
  readonly errors: readonly string[];
};
