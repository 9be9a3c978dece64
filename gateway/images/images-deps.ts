import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { InFlight } from "#infra/runtime/in-flight.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import type { Admission } from "../admission/admission.ts";
import type { ResultCache } from "../cache/result-cache.ts";
import type { Flights } from "../cache/single-flight.ts";
import type { Config } from "../config.ts";
import type { Dispatcher } from "../dispatch/dispatch.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Fleet } from "../fleet/snapshot.ts";
import type { Decisions } from "../ledger/open-decisions.ts";
import type { Comparing } from "../trials/compare-beside.ts";
import type { Usage } from "../usage/usage.ts";
import type { Seen } from "./seen.ts";

/** What answering images takes. */
export type ImagesDeps = {
  /** Asked on each request, since the fleet may be replaced between two. */
  readonly fleet: () => Fleet;
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly ledger: Pick<Decisions, "record">;
  /** Who asks others beside requests. */
  readonly comparing?: Pick<Comparing, "answered" | "recorded">;
  readonly admission: Admission;
  readonly cache: ResultCache;
  readonly flights: Flights<Seen>;
  readonly softState: Pick<SoftState, "apply">;
  readonly usage: Pick<Usage, "count">;
  readonly limits: Config["limits"];
  readonly inFlight: InFlight;
  readonly clock: Clock;
  readonly chance: Chance;
};
