import type { Objective } from "#gateway/dispatch/terms.ts";
import type { Load, Scenario } from "./scenarios.ts";

/** One run: a policy, or the bound that none can pass, through a scenario with a seed. */
export type Job = {
  readonly scenario: Scenario;
  readonly sloMs: number;
  readonly seed: number;
  readonly objective: Objective;
  readonly policy: string;
  /** Of a baseline's grid, by its name. */
  readonly variant?: string | undefined;
  /** Whether what its scenario's fault did is asked too, which takes a second run. */
  readonly isWatched?: boolean;
};

/** The setting of a baseline's grid that is best for a load; undefined where nothing can be set. */
export type VariantOf = (policy: string, load: Load) => string | undefined;

/** The policy's name of a job that asks for the bound. */
export const bound = "lower bound";

export type Figures = {
  readonly requests: number;
  readonly misses: number;
  readonly failed: number;
  readonly attainment: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Dollars of all requests that count. */
  readonly usd: number;
  readonly variableUsd: number;
  readonly hedges: number;
  readonly retries: number;
  readonly wakes: number;
  readonly watched?: Watched;
};

/** What a fault did. */
export type Watched = {
  /** Of the requests that came while it lasted, the share that was answered in time. */
  readonly attainment: number;
  /** Seconds from its end until ten requests had been sent there first. */
  readonly usedAgainS: number;
};
