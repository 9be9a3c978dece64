import type { Objective } from "../dispatch/terms.ts";

/** How one image of a request found its backend: who could have answered, who was asked, what came of it. No pixels. */
export type Decision = {
  readonly requestId: string;
  /** Which of the request's images, from 0. */
  readonly image: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly tenant: string;
  readonly keyId: string;
  readonly model: string;
  readonly version: string | undefined;
  /** What the route promises. */
  readonly sloMs: number;
  /** How long this request had, which may be less or more. */
  readonly deadlineMs: number;
  readonly bytes: number;
  readonly objective: Objective | "custom";
  /** At most sixteen: who was chosen first, then the best of the others. */
  readonly candidates: readonly Candidate[];
  /** How many more there were. */
  readonly more: number;
  readonly tries: readonly TryMade[];
  readonly outcome: Outcome;
};

/** What the first choice thought of a backend; what is left out it did not look at. */
export type Candidate = {
  readonly backend: string;
  readonly predictedMs?: number;
  /** What this request would have added to the bill. */
  readonly costUsd?: number;
  /** How likely its answer would have come after the deadline, from 0 to 1. */
  readonly missChance?: number;
  /** All in all, with what a late answer and the wait cost: the lowest is taken. */
  readonly scoreUsd?: number;
  readonly verdict: string;
};

export type TryMade = {
  readonly backend: string;
  readonly kind: "first" | "hedge" | "retry";
  readonly verdict: string;
  /** Since the request came. */
  readonly sentAfterMs: number;
  readonly predictedMs: number;
  readonly costUsd: number;
  readonly ms: number;
  readonly state: "out" | "answered" | "failed" | "abandoned";
  /** Why it failed, where that is known. */
  readonly code?: string;
};

export type Outcome = {
  readonly answeredBy?: string;
  /** Why there is no answer. */
  readonly code?: string;
  readonly totalMs: number;
  /** Whether it came too late, or not at all through no fault of the caller's. */
  readonly missed: boolean;
  /** An estimate, of all tries; one that failed costs nothing. */
  readonly spentUsd: number;
  /** What others would have cost that were likely to be in time; left out where there was none. */
  readonly cheapestOtherUsd?: number;
  readonly dearestOtherUsd?: number;
};
