import { createRoutes, type DescribedRoutes } from "../document/mount.ts";
import type { AdminDeps } from "./admin/admin-deps.ts";
import { adminAuditRoutes } from "./admin/audit.ts";
import { adminConfigurationRoutes, type ConfigurationDeps } from "./admin/configuration.ts";
import { type AdminIdentityDeps, adminDeviceIdentityRoutes } from "./admin/device-identity.ts";
import { type AdminRolloutDeps, adminDeviceRolloutRoutes } from "./admin/device-rollouts.ts";
import { adminDeviceRoutes } from "./admin/devices.ts";
import { adminKeyRoutes } from "./admin/keys.ts";
import { type AdminLedgerDeps, adminLedgerRoutes } from "./admin/ledger.ts";
import { adminTenantRoutes } from "./admin/tenants.ts";
import { type AdminTrialsDeps, adminTrialsRoutes } from "./admin/trials.ts";

export type AdminRoutesDeps = AdminDeps &
  AdminLedgerDeps &
  ConfigurationDeps &
  AdminTrialsDeps &
  AdminIdentityDeps &
  AdminRolloutDeps;

/** The administrators' part of the API, below any path; whoever comes here has shown the scope `admin` already. */
export function adminRoutes(deps: AdminRoutesDeps): DescribedRoutes {
  const routes = createRoutes();
  const rooms = [
    adminKeyRoutes,
    adminTenantRoutes,
    adminAuditRoutes,
    adminConfigurationRoutes,
    adminLedgerRoutes,
    adminTrialsRoutes,
    adminDeviceIdentityRoutes,
    adminDeviceRoutes,
    adminDeviceRolloutRoutes,
  ];
  for (const room of rooms) routes.route("/", room(deps));
  return routes;
}
