import type { Permissions } from "../permissions.ts";

export const permissions: Permissions = {
  gateway: ["Microsoft.App/containerApps/read", "Microsoft.App/containerApps/revisions/read"],
  fleet: [
    "Microsoft.App/containerApps/write",
    "Microsoft.App/containerApps/revisions/activate/action",
    "Microsoft.App/containerApps/revisions/deactivate/action",
    "Microsoft.App/containerApps/revisions/replicas/read",
    "Microsoft.App/locations/containerappOperationStatuses/read",
    "Microsoft.App/locations/containerappOperationResults/read",
    // Without a call of its own: whoever writes an app puts it into its environment again.
    "Microsoft.App/managedEnvironments/join/action",
    // Without a call of its own, and only where the app has identities that are not its alone.
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
  ],
};
