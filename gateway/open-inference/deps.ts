import type { Context } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { InFlight } from "#infra/runtime/in-flight.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import type { Admission } from "../admission/admission.ts";
import type { Config } from "../config.ts";
import type { Dispatcher } from "../dispatch/dispatch.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Fleet, Route } from "../fleet/snapshot.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import type { Decisions } from "../ledger/open-decisions.ts";

/** What the protocol's routes are handed. */
export type OpenInferenceDeps = {
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  readonly fleet: () => Fleet;
  readonly directory: Pick<Directory, "find" | "useful">;
  readonly dispatcher: Dispatcher;
  readonly ledger: Pick<Decisions, "record">;
  readonly clock: Clock;
  readonly limits: Pick<Config["limits"], "body" | "bodyTimeout" | "requestTimeout">;
  readonly inFlight: InFlight;
  readonly admission: Pick<Admission, "refuseExhausted" | "admit">;
  /** Throws for a request that is too much; what it gives is disposed when the request has ended. */
  readonly admit: (c: Context<GatewayEnv>, ask: AdmitAsk) => Promise<AdmittedInfer>;
  /** Keeps the answers to requests that came with an idempotency key. */
  readonly softState: Pick<SoftState, "apply">;
  readonly chance: Chance;
};

/**
 * A request of the protocol that was let in. What it reserved goes back at its end, unless a backend answered, or had the
 * request and was not waited for.
 */
export type AdmittedInfer = Disposable &
  Watch & {
    /** What an answer says of limits. */
    readonly headers: Readonly<Record<string, string>>;
    /** With what it costs its tenant. */
    readonly answered: (nanoUsd: number) => void;
  };

/** Told what becomes of a request at the backends that are tried. */
export type Watch = {
  /** One has it from now on, and may be working. */
  readonly sent: () => void;
  /** That one did not do it. */
  readonly failed: () => void;
};

export type AdmitAsk = {
  readonly route: Pick<Route, "model" | "nanoUsdEach" | "rules">;
  readonly images: number;
};
