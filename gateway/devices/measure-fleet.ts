import { Gauge } from "prom-client";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { readWholeFleet } from "../records/device-sights.ts";
import { readEdgeRollouts } from "../records/edge-rollouts.ts";
import { rolloutStates } from "./rings/rollout.ts";
import { type ModelSum, sumFleet } from "./sum-fleet.ts";

export type FleetMeasuring = {
  readonly database: Pick<Database, "query">;
  readonly clock: Pick<Clock, "now" | "elapsed">;
};

/** Nobody reads all devices more often than that. */
const everyMs = 15_000;

const patienceMs = 5_000;

/** How the devices and their rollouts stand, read when the metrics are; every gateway tells the same. */
export function measureFleet(metrics: Metrics, deps: FleetMeasuring): void {
  const look = lookNowAndThen(deps);
  new Gauge({
    name: "tradewind_devices",
    help: "Devices of a model by how it stands on them; who is silent is stale or offline, whatever it said last",
    labelNames: ["model", "state"],
    registers: [metrics],
    aggregator: "max",
    async collect() {
      const { models } = await look();
      this.reset();
      for (const { model, states } of models)
        for (const [state, devices] of Object.entries(states)) this.set({ model, state }, devices);
    },
  });
  new Gauge({
    name: "tradewind_device_rollouts",
    help: "Models whose latest rollout to devices is in a state",
    labelNames: ["state"],
    registers: [metrics],
    aggregator: "max",
    async collect() {
      const { rollouts } = await look();
      for (const state of rolloutStates) this.set({ state }, rollouts.filter((one) => one === state).length);
    },
  });
}

type Look = { readonly models: readonly ModelSum[]; readonly rollouts: readonly string[] };

/** What was seen last, where it was lately or where the records do not answer. */
function lookNowAndThen(deps: FleetMeasuring): () => Promise<Look> {
  let last: { readonly at: number; readonly look: Promise<Look> } | undefined;
  let seen: Look = { models: [], rollouts: [] };
  return () => {
    const now = deps.clock.elapsed();
    if (last && now - last.at < everyMs) return last.look;
    const look = lookAtFleet(deps)
      .then((found) => {
        seen = found;
        return found;
      })
      .catch((error: unknown) => {
        sideConcernSkipped.publish({ what: "counting devices", error });
        return seen;
      });
    last = { at: now, look };
    return look;
  };
}

async function lookAtFleet({ database, clock }: FleetMeasuring): Promise<Look> {
  const options = { signal: AbortSignal.timeout(patienceMs) };
  const devices = await readWholeFleet(database.query, {}, options);
  const rollouts = await readEdgeRollouts(database.query, { most: 1 }, options);
  return { models: sumFleet(devices, clock.now()), rollouts: rollouts.map(({ state }) => state) };
}
