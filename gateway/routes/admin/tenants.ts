import type { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import {
  describedTenant,
  describedTenantDeletion,
  describedTenantList,
  describedTenantPut,
} from "../../document/admin-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import { reaches, refuseUnlessOperator } from "../../records/actor.ts";
import { keptTenant } from "../../records/tenant-bounds.ts";
import { deleteTenant, listTenants, putTenant } from "../../records/tenants.ts";
import { type AdminDeps, administer, nextCursor, takeOver } from "./admin-deps.ts";
import { presentTenant } from "./present.ts";
import { readJson, readParams, readQuery } from "./read-request.ts";
import { tenantBody, type tenantListAnswer, tenantParams, tenantQuery } from "./schemas.ts";

/** Tenants: seen by their own administrators, changed by the operators alone. */
export function adminTenantRoutes(deps: AdminDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedTenantList, async (c) => {
    const { database, actor } = administer(c, deps);
    const { limit, cursor } = readQuery(c, tenantQuery);
    const tenants = await listTenants(database.query, {
      id: actor.within?.tenant,
      after: cursor,
      most: limit,
    });
    const answer: z.input<typeof tenantListAnswer> = {
      tenants: tenants.map(presentTenant),
      next_cursor: nextCursor(tenants, limit, ({ id }) => id),
    };
    return c.json(answer);
  });
  mount(routes, describedTenant, async (c) => {
    const { database, actor } = administer(c, deps);
    const { id } = readParams(c, tenantParams);
    const [tenant] = reaches(actor, id) ? await listTenants(database.query, { id, most: 1 }) : [];
    if (tenant) return c.json(presentTenant(tenant));
    throw new TradewindError("record_unknown", `there is no tenant ${id}`);
  });
  mount(routes, describedTenantPut, async (c) => {
    const { database, actor } = administer(c, deps);
    const { id } = readParams(c, tenantParams);
    // Before the body is read: what it says does not matter then.
    refuseUnlessOperator(actor, "change tenants");
    const { retention_days, ...bounds } = await readJson(c, tenantBody);
    const tenant = keptTenant(id, bounds, retention_days);
    const { isNew, stored } = await putTenant(database, { actor, tenant });
    await takeOver(deps);
    return c.json(presentTenant(stored), isNew ? 201 : 200);
  });
  mount(routes, describedTenantDeletion, async (c) => {
    const { database, actor } = administer(c, deps);
    await deleteTenant(database, { actor, ...readParams(c, tenantParams) });
    await takeOver(deps);
    return c.body(null, 204);
  });
  return routes;
}
