import type { RouteTerms } from "../dispatch/terms.ts";
import type { LowerBound } from "./lower-bound.ts";
import type { Outcome } from "./outcome.ts";
import type { Observed } from "./report/observed.ts";
import type { Fault } from "./simulation/simulated-fleet.ts";
import type { LineTally } from "./traces/tally.ts";

/** All that a replay says, of what went in and of what came out: one document that two runs of the same give alike. */
export type ReplayReport = {
  readonly trace: ReplayedTrace;
  readonly fleet: ReplayedFleet;
  readonly route: RouteTerms;
  readonly seed: number;
  readonly gateways: number;
  readonly warmUpMs: number;
  /** What nobody said and what was taken for it. */
  readonly assumed: readonly string[];
  readonly lowerBound: LowerBound;
  /** Of a log that says how long its own requests took. */
  readonly observed?: Observed;
  readonly results: readonly PolicyResult[];
};

export type ReplayedTrace = {
  readonly file: string;
  readonly sha256: string;
  readonly format: string;
  /** Of the trace, as they were replayed. */
  readonly requests: number;
  readonly spanMs: number;
  readonly rps: number;
  readonly lines: LineTally;
  readonly cut: boolean;
};

export type ReplayedFleet = {
  readonly file: string;
  readonly sha256: string;
  readonly model: string;
  readonly backends: readonly string[];
  readonly faults: readonly Fault[];
};

export type PolicyResult = { readonly policy: string; readonly regret: Regret } & Outcome;

/** By how much a run cost more than any could have, misses included. */
export type Regret = {
  /** As a share of the bound; null where the bound is nothing. */
  readonly share: number | null;
  readonly usdPerMillion: number;
};

export function resultOf(policy: string, outcome: Outcome, bound: LowerBound): PolicyResult {
  const more = outcome.cost - bound.cost;
  return {
    policy,
    regret: {
      share: bound.cost > 0 ? more / bound.cost : null,
      usdPerMillion: outcome.costPerMillion - bound.costPerMillion,
    },
    ...outcome,
  };
}
