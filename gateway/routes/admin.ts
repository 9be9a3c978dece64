import { Hono } from "hono";
import type { GatewayEnv } from "../gateway-env.ts";
import type { AdminDeps } from "./admin/admin-deps.ts";
import { adminAuditRoutes } from "./admin/audit.ts";
import { adminKeyRoutes } from "./admin/keys.ts";
import { adminTenantRoutes } from "./admin/tenants.ts";

export type { AdminDeps } from "./admin/admin-deps.ts";

/** The administrators' part of the API, below any path; whoever comes here has shown the scope `admin` already. */
export function adminRoutes(deps: AdminDeps): Hono<GatewayEnv> {
  return new Hono<GatewayEnv>()
    .route("/", adminKeyRoutes(deps))
    .route("/", adminTenantRoutes(deps))
    .route("/", adminAuditRoutes(deps));
}
