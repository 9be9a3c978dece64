import type { WebSiteManagementClientOptionalParams } from "@azure/arm-appservice";

/** A step on a request's way through an SDK; they are the same for all SDKs of Azure. */
export type ArmPolicy = NonNullable<
  WebSiteManagementClientOptionalParams["additionalPolicies"]
>[number]["policy"];
