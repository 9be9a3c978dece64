import type { z } from "zod";
import { describedAudit } from "../../document/admin-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import { readAudit } from "../../records/audit.ts";
import { type AdminDeps, administer, nextCursor, tenantInView } from "./admin-deps.ts";
import { presentEvent } from "./present.ts";
import { readQuery } from "./read-request.ts";
import { type auditAnswer, auditQuery } from "./schemas.ts";

/** What was changed, by whom, the newest first. */
export function adminAuditRoutes(deps: AdminDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedAudit, async (c) => {
    const { database, actor } = administer(c, deps);
    const { tenant, since, limit, cursor } = readQuery(c, auditQuery);
    const events = await readAudit(database.query, {
      tenant: tenantInView(actor, tenant),
      since: since === undefined ? undefined : new Date(since),
      before: cursor === undefined ? undefined : Number(cursor),
      most: limit,
    });
    const answer: z.input<typeof auditAnswer> = {
      events: events.map(presentEvent),
      next_cursor: nextCursor(events, limit, ({ id }) => String(id)),
    };
    return c.json(answer);
  });
  return routes;
}
