import type { Context } from "hono";
import type { InFlight } from "#infra/runtime/in-flight.ts";
import type { Admission } from "../admission/admission.ts";
import type { Config } from "../config.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Backend, Fleet } from "../fleet/snapshot.ts";
import type { GatewayEnv } from "../gateway-env.ts";

/** What the protocol's routes are handed. */
export type OpenInferenceDeps = {
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  readonly fleet: () => Fleet;
  readonly directory: Pick<Directory, "find" | "complete">;
  readonly limits: Pick<Config["limits"], "body" | "bodyTimeout" | "requestTimeout">;
  readonly inFlight: InFlight;
  readonly admission: Pick<Admission, "refuseExhausted">;
  /** Throws for a request that is too much; what it gives is disposed when the request has ended. */
  readonly admit: (c: Context<GatewayEnv>, ask: AdmitAsk) => Promise<AdmittedInfer>;
};

/** A request of the protocol that was let in; what it reserved goes back unless it says who answered it. */
export type AdmittedInfer = Disposable & { readonly answered: (by: Pick<Backend, "usdPerRequest">) => void };

export type AdmitAsk = { readonly model: string; readonly images: number };
