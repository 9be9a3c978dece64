import type { HttpBindings } from "@hono/node-server";
import type { Proof } from "#infra/runtime/devices/proof.ts";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import type { TraceContext } from "#infra/runtime/trace-context.ts";
import type { Caller } from "./caller.ts";
import type { KnownDevice } from "./records/device-numbers.ts";

/** What travels with one request through the gateway; the trace sets the first three, the rings set others as they become known. */
export type GatewayEnv = {
  readonly Bindings: Partial<HttpBindings>;
  readonly Variables: {
    requestId: string;
    startedAt: number;
    /** This gateway's own span in the caller's trace. */
    trace: TraceContext;
    /** Behind the ring that authenticates; nothing before it may ask. */
    caller: Caller;
    /** The same behind the ring that devices pass, with its proof and the body that it is for. */
    device: KnownDevice;
    proof: Proof;
    provedBody: Buffer;
    model?: string;
    backend?: string;
    failure?: { readonly code: ErrorCode; readonly error: Error };
  };
};
