import type { CloudFault } from "../world.ts";

/** An answer of Azure Resource Manager, or of one of the services behind it. */
export type ArmAnswer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Named = Exclude<CloudFault["kind"], { readonly slowMs: number }>;

/** Most of Azure says its errors so; App Service says its own in capitals and at the top. */
export function armError(status: number, code: string, message: string): ArmAnswer {
  return { status, body: { error: { code, message } } };
}

export function webError(status: number, code: string, message: string): ArmAnswer {
  return {
    status,
    body: {
      Code: code,
      Message: message,
      Target: null,
      Details: [{ Message: message }, { Code: code }],
      Innererror: null,
    },
  };
}

/** What goes wrong before a service hears of it, whichever it is. */
export function faultAnswer(kind: Named, action: string): ArmAnswer {
  const isWeb = action.startsWith("Microsoft.Web/");
  switch (kind) {
    case "throttled":
      return {
        ...armError(429, "TooManyRequests", "The request is being throttled."),
        headers: { "retry-after": "0" },
      };
    case "forbidden":
      return armError(
        403,
        "AuthorizationFailed",
        `The client 'c' with object id 'o' does not have authorization to perform action '${action}' over scope '/subscriptions/s' or the scope is invalid.`,
      );
    case "quota":
      return isWeb
        ? webError(
            401,
            "Unauthorized",
            "Operation cannot be completed without additional quota. Current Limit (P1v3 VMs): 1 Current Usage: 1 Amount required for this deployment (P1v3 VMs): 1",
          )
        : armError(
            400,
            "ManagedEnvironmentQuotaExceeded",
            "The quota 'NC8as-T4 GPUs' of the environment is exceeded.",
          );
    case "full":
      return isWeb
        ? webError(
            409,
            "Conflict",
            "No available instances to satisfy this request. App Service is attempting to increase capacity. Please retry your request later.",
          )
        : armError(409, "SkuNotAvailable", "The requested size is currently not available in this region.");
    case "conflict":
      return isWeb
        ? webError(409, "Conflict", "Cannot modify this site because another operation is in progress.")
        : armError(409, "ContainerAppOperationInProgress", "Another operation is in progress for the app.");
    case "unavailable":
      return armError(503, "ServiceUnavailable", "The service is temporarily unavailable.");
    case "truncated":
      return { status: 200, body: { properties: {} } };
  }
}
