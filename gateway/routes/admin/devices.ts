import type { Context } from "hono";
import type { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import { sight } from "../../devices/device-sight.ts";
import { hasFailed, sumFleet } from "../../devices/sum-fleet.ts";
import { writeDevice, writeModelSum } from "../../devices/written-fleet.ts";
import {
  describedDeviceList,
  describedDeviceSums,
  describedPin,
  describedUnpin,
} from "../../document/device-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import type { GatewayEnv } from "../../gateway-env.ts";
import { refuseUnlessOperator } from "../../records/actor.ts";
import { readDeviceSights, readWholeFleet } from "../../records/device-sights.ts";
import { pinDevice, unpinDevice } from "../../records/pins.ts";
import { type AdminDeps, type Administration, administer, nextCursor } from "./admin-deps.ts";
import {
  type deviceListAnswer,
  deviceQuery,
  type deviceSumAnswer,
  pinBody,
  pinParams,
} from "./device-schemas.ts";
import { readJson, readParams, readQuery } from "./read-request.ts";

/** Devices at the edge, seen and pinned by operators alone: they belong to no tenant. */
export function adminDeviceRoutes(deps: AdminDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedDeviceList, async (c) => c.json(await list(c, operate(c, deps))));
  mount(routes, describedDeviceSums, async (c) => {
    const { database, clock } = operate(c, deps);
    const devices = await readWholeFleet(database.query, {});
    const answer: z.input<typeof deviceSumAnswer> = {
      models: sumFleet(devices, clock.now()).map(writeModelSum),
    };
    return c.json(answer);
  });
  mount(routes, describedPin, async (c) => {
    const { database, actor } = operate(c, deps);
    const { id: device, model } = readParams(c, pinParams);
    const { release } = await readJson(c, pinBody);
    await pinDevice(database, { device, model, release, actor });
    return c.body(null, 204);
  });
  mount(routes, describedUnpin, async (c) => {
    const { database, actor } = operate(c, deps);
    const { id: device, model } = readParams(c, pinParams);
    if (await unpinDevice(database, { device, model, actor })) return c.body(null, 204);
    throw new TradewindError("record_unknown", `device ${device} has no pin for ${model}`);
  });
  return routes;
}

function operate(c: Context<GatewayEnv>, deps: AdminDeps): Administration {
  const administration = administer(c, deps);
  refuseUnlessOperator(administration.actor, "see and change devices");
  return administration;
}

async function list(
  c: Context<GatewayEnv>,
  { database, clock }: Administration,
): Promise<z.input<typeof deviceListAnswer>> {
  const { model, label, failed, limit, cursor } = readQuery(c, deviceQuery);
  const now = clock.now();
  const page = await readDeviceSights(database.query, { model, label, after: cursor, most: limit });
  const shown = page.filter(
    (device) => failed === "false" || device.models.some((one) => hasFailed(sight(device, one, now))),
  );
  return {
    devices: shown.map((device) => writeDevice(device, now)),
    next_cursor: nextCursor(page, limit, ({ id }) => id),
  };
}
