import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";

/** What providers are opened with, beside their settings. */
export type Surroundings = {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Where secrets are found that a configuration only names. */
  readonly env: Readonly<Record<string, string | undefined>>;
};
