import type { HttpBindings } from "@hono/node-server";
import type { ErrorCode } from "#infra/runtime/errors.ts";

/** What travels with one request through the gateway; the trace sets the first two, others as they become known. */
export type GatewayEnv = {
  readonly Bindings: Partial<HttpBindings>;
  readonly Variables: {
    requestId: string;
    startedAt: number;
    keyId?: string;
    model?: string;
    backend?: string;
    failure?: { readonly code: ErrorCode; readonly error: Error };
  };
};
