import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { createRequestIds } from "#infra/runtime/request-id.ts";

/** `er_` and 26 letters and digits, which sort by when they were made. */
export function newRolloutId({
  clock,
  chance,
}: {
  readonly clock: Pick<Clock, "now">;
  readonly chance: Pick<Chance, "bytes">;
}): string {
  return `er_${createRequestIds(clock, chance)().toLowerCase()}`;
}
