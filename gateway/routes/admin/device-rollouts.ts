import type { Context } from "hono";
import type { z } from "zod";
import { refuseUnsigned } from "../../devices/refuse-unsigned.ts";
import type { Release } from "../../devices/rings/plan-device.ts";
import { newRolloutId } from "../../devices/rings/rollout-id.ts";
import { writeEdgeRollout } from "../../devices/written-fleet.ts";
import {
  describedRolloutList,
  describedRolloutStart,
  describedRolloutTurn,
} from "../../document/device-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import type { GatewayEnv } from "../../gateway-env.ts";
import { refuseUnlessOperator } from "../../records/actor.ts";
import { readEdgeRollouts, startEdgeRollout, turnEdgeRollout } from "../../records/edge-rollouts.ts";
import { type AdminDeps, type Administration, administer } from "./admin-deps.ts";
import {
  type rolloutAnswer,
  rolloutBody,
  type rolloutListAnswer,
  rolloutQuery,
  turnParams,
} from "./device-schemas.ts";
import { readJson, readParams, readQuery } from "./read-request.ts";

export type AdminRolloutDeps = AdminDeps & {
  /** What lies in the signed repository, where this gateway serves one. */
  readonly releases?: () => readonly Release[];
};

/** Releases on their way to devices, started and turned by operators alone. */
export function adminDeviceRolloutRoutes(deps: AdminRolloutDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedRolloutList, async (c) => {
    const { database } = operate(c, deps);
    const { model, all } = readQuery(c, rolloutQuery);
    const models = model === undefined ? undefined : [model];
    const rollouts = await readEdgeRollouts(database.query, { models, most: all === "true" ? 30 : 1 });
    const answer: z.input<typeof rolloutListAnswer> = { rollouts: rollouts.map(writeEdgeRollout) };
    return c.json(answer);
  });
  mount(routes, describedRolloutStart, (c) => start(c, deps));
  mount(routes, describedRolloutTurn, async (c) => {
    const { database, actor } = operate(c, deps);
    const { model, turn } = readParams(c, turnParams);
    const answer: z.input<typeof rolloutAnswer> = writeEdgeRollout(
      await turnEdgeRollout(database, { model, turn, actor }),
    );
    return c.json(answer);
  });
  return routes;
}

function operate(c: Context<GatewayEnv>, deps: AdminRolloutDeps): Administration {
  const administration = administer(c, deps);
  refuseUnlessOperator(administration.actor, "roll models out to devices");
  return administration;
}

async function start(c: Context<GatewayEnv>, deps: AdminRolloutDeps): Promise<Response> {
  const { database, actor, clock, chance } = operate(c, deps);
  const { model, release, rings, note, ...held } = await readJson(c, rolloutBody);
  if (deps.releases) refuseUnsigned(deps.releases(), { model, release });
  const gate = {
    ...{ least: held.least, soakMs: held.soak, maxFailures: held.max_failures },
    minAgreement: held.min_agreement === undefined ? null : Math.round(held.min_agreement * 1_000_000),
  };
  const id = newRolloutId({ clock, chance });
  const ask = { ...{ id, model, release, rings, gate, note }, actor, now: clock.now() };
  const answer: z.input<typeof rolloutAnswer> = writeEdgeRollout(await startEdgeRollout(database, ask));
  return c.json(answer, 201);
}
