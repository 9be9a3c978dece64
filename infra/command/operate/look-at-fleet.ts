import { observeFleet } from "#gateway/operations/observe.ts";
import { readFreezes } from "#gateway/records/freezes.ts";
import { readRollouts } from "#gateway/records/rollouts.ts";
import type { OpenedFleet } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import type { FleetSight } from "./show-fleet.ts";

/** One who looks waits no longer than that for a cloud. */
const timeoutMs = 15_000;

/** Asks all platforms, side by side, and reads what is under way; who cannot be asked has its error. */
export async function lookAtFleet(fleet: OpenedFleet, { signal }: Operator): Promise<FleetSight> {
  const { config, records } = fleet;
  const controls = await fleet.controls(Object.keys(config.providers));
  const observed = await observeFleet(controls, { signal, timeoutMs });
  const query = records?.database.query;
  const freezes = query && (await readFreezes(query, { signal }));
  return {
    providers: Object.entries(config.providers).flatMap(([name, { kind }]) => {
      const found = observed.get(name);
      return found ? [{ kind, observed: found }] : [];
    }),
    rollouts: query && (await readRollouts(query, { isActive: true }, { signal })),
    freezes: freezes?.filter(({ endedAt }) => endedAt === undefined),
  };
}
