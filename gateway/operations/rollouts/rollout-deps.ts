import type { ProviderControl } from "#adapters/control.ts";
import type { ProviderCall } from "#adapters/hand.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Leading } from "../leader.ts";
import type { Passage, Rollout } from "./rollout.ts";

/** What whoever leads takes rollouts further with. */
export type RolloutDeps = {
  readonly database: Database;
  readonly leading: Leading;
  readonly controlOf: (provider: string) => ProviderControl | undefined;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Who does it, as history and audit name them. */
  readonly name: string;
  /** To be told of each step that is entered, and of what was in the way. */
  readonly tell?: (rollout: Rollout, passage: Passage) => void;
  readonly tellTrouble?: (rollout: Rollout, error: TradewindError) => void;
  readonly tellCall?: (provider: string, call: ProviderCall) => void;
};
