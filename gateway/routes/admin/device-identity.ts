import type { Context } from "hono";
import type { z } from "zod";
import {
  describedDevice,
  describedDeviceLabel,
  describedDeviceRelease,
  describedDeviceRevocation,
  describedEnrolmentCreation,
} from "../../document/identity-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import type { GatewayEnv } from "../../gateway-env.ts";
import { refuseUnlessOperator } from "../../records/actor.ts";
import {
  type DeviceListing,
  labelDevice,
  readDevice,
  releaseDevice,
  revokeDevice,
  stateOf,
} from "../../records/devices.ts";
import { createEnrolment } from "../../records/enrolments.ts";
import { type AdminDeps, type Administration, administer } from "./admin-deps.ts";
import {
  type deviceAnswer,
  deviceParams,
  type enrolmentAnswer,
  enrolmentBody,
  labelBody,
} from "./identity-schemas.ts";
import { readJson, readParams } from "./read-request.ts";

export type AdminIdentityDeps = AdminDeps & {
  /** What a token's end says of the first root, where this gateway has a repository. */
  readonly firstRoot?: () => Promise<string>;
};

/** Who devices are: enrolled, named and refused by operators alone, as they belong to no tenant. */
export function adminDeviceIdentityRoutes(deps: AdminIdentityDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedEnrolmentCreation, async (c) => {
    const { database, actor, chance } = operate(c, deps);
    const { for: forMs, ...terms } = await readJson(c, enrolmentBody);
    const root = await deps.firstRoot?.();
    const made = await createEnrolment(database, { actor, terms, forMs, chance });
    const answer: z.input<typeof enrolmentAnswer> = {
      id: made.id,
      token: root === undefined ? made.text : `${made.text}.${root}`,
      expires_at: made.expiresAt.toISOString(),
    };
    c.header("cache-control", "no-store");
    return c.json(answer, 201);
  });
  mount(routes, describedDevice, async (c) => {
    const { database } = operate(c, deps);
    return c.json(present(await readDevice(database.query, readParams(c, deviceParams).id)));
  });
  mount(routes, describedDeviceRevocation, async (c) => {
    const { database, actor } = operate(c, deps);
    await revokeDevice(database, { actor, id: readParams(c, deviceParams).id });
    return c.body(null, 204);
  });
  mount(routes, describedDeviceRelease, async (c) => {
    const { database, actor } = operate(c, deps);
    await releaseDevice(database, { actor, id: readParams(c, deviceParams).id });
    return c.body(null, 204);
  });
  mount(routes, describedDeviceLabel, async (c) => {
    const { database, actor } = operate(c, deps);
    const { id } = readParams(c, deviceParams);
    const { label } = await readJson(c, labelBody);
    await labelDevice(database, { actor, id, label: label ?? undefined });
    return c.body(null, 204);
  });
  return routes;
}

function operate(c: Context<GatewayEnv>, deps: AdminDeps): Administration {
  const administration = administer(c, deps);
  refuseUnlessOperator(administration.actor, "see and change devices");
  return administration;
}

function present(device: DeviceListing): z.input<typeof deviceAnswer> {
  const { id, label = null, hardware, agent, models, setAside, keys } = device;
  return {
    ...{ id, state: stateOf(device), label, hardware, agent, models: [...models] },
    created_at: device.createdAt.toISOString(),
    last_seen_at: device.lastSeenAt?.toISOString() ?? null,
    revoked_at: device.revokedAt?.toISOString() ?? null,
    set_aside: setAside ? { at: setAside.at.toISOString(), why: setAside.why } : null,
    keys: keys.map(({ thumbprint, endsAt }) => ({ thumbprint, ends_at: endsAt?.toISOString() ?? null })),
  };
}
