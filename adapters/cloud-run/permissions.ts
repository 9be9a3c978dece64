import type { Permissions } from "../permissions.ts";

export const permissions: Permissions = {
  gateway: ["run.services.get", "run.routes.invoke"],
  fleet: [
    "run.services.update",
    "run.revisions.get",
    "run.operations.get",
    // On the service account that the instances run as: whoever makes a revision lends it that identity.
    "iam.serviceAccounts.actAs",
  ],
};
