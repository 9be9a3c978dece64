import { createRoutes, type DescribedRoutes } from "../document/mount.ts";
import type { AdminDeps } from "./admin/admin-deps.ts";
import { adminAuditRoutes } from "./admin/audit.ts";
import { adminKeyRoutes } from "./admin/keys.ts";
import { adminTenantRoutes } from "./admin/tenants.ts";

export type { AdminDeps } from "./admin/admin-deps.ts";

/** The administrators' part of the API, below any path; whoever comes here has shown the scope `admin` already. */
export function adminRoutes(deps: AdminDeps): DescribedRoutes {
  const routes = createRoutes();
  for (const rooms of [adminKeyRoutes, adminTenantRoutes, adminAuditRoutes]) routes.route("/", rooms(deps));
  return routes;
}
