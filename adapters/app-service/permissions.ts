import type { Permissions } from "../permissions.ts";

/** The gateway may not read settings, since secrets lie among them. */
export const permissions: Permissions = {
  gateway: ["Microsoft.Web/sites/read", "Microsoft.Web/sites/slots/read"],
  fleet: [
    "Microsoft.Web/serverfarms/read",
    "Microsoft.Web/serverfarms/write",
    "Microsoft.Web/serverfarms/operationresults/read",
    // Without a call of its own: a slot is put on its app's plan.
    "Microsoft.Web/serverfarms/join/action",
    "Microsoft.Web/sites/config/read",
    "Microsoft.Web/sites/config/write",
    "Microsoft.Web/sites/config/list/action",
    "Microsoft.Web/sites/instances/read",
    "Microsoft.Web/sites/slots/write",
    "Microsoft.Web/sites/slots/start/action",
    "Microsoft.Web/sites/slots/stop/action",
    "Microsoft.Web/sites/slots/slotsswap/action",
    "Microsoft.Web/sites/slots/operationresults/read",
    "Microsoft.Web/sites/slots/config/list/action",
    "Microsoft.Web/sites/slots/instances/read",
    // Without a call of its own, and only where the app has identities that are not its alone.
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
  ],
};
