import { systemChance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createRequestIds } from "#infra/runtime/request-id.ts";
import { createErrands } from "#infra/runtime/soft-state/errands.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { joinMembers } from "#infra/runtime/soft-state/members.ts";
import { openSoftState } from "#infra/runtime/soft-state/open-soft-state.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { createSteadySoftState } from "#infra/runtime/soft-state/steady.ts";
import { type Admission, createAdmission } from "./admission/admission.ts";
import { measureAdmissions } from "./measure-admissions.ts";
import { touchKeys } from "./records/touch-keys.ts";
import { usageInPostgres } from "./records/usage.ts";
import { openUsage, type Usage } from "./usage/usage.ts";
import { createUsageInMemory } from "./usage/usage-in-memory.ts";
import type { UsageStore } from "./usage/usage-store.ts";

/** Where requests, images and money are counted: in Redis for all gateways, in the records for good. */
export type Counting = AsyncDisposable & {
  readonly softState: SoftState;
  readonly admission: Admission;
  readonly usage: Usage;
  readonly usageStore: UsageStore;
  /** Whether this gateway shares its soft state with no other, as far as it knows. */
  readonly alone: () => boolean;
  /** How many gateways there are as last counted, this one included. */
  readonly gateways: () => number;
};

export type CountingOptions = {
  readonly redisUrl: string | undefined;
  readonly database: Database | undefined;
  /** Processes behind this port. */
  readonly workers?: number;
  /** How many gateways there will be, each with its workers: believed until Redis has said how many there are. */
  readonly expectedGateways?: number;
  readonly limits: {
    /** The longest that a request takes. */
    readonly requestTimeout: number;
  };
  readonly metrics: Metrics;
  readonly clock: Clock;
};

export async function openCounting(options: CountingOptions): Promise<Counting> {
  const { redisUrl, database, workers = 1, expectedGateways = 1, limits, metrics, clock } = options;
  await using opening = new AsyncDisposableStack();
  const softState = opening.use(createSteadySoftState(await openSoftState({ redisUrl }), { clock }));
  const local = opening.use(createSoftStateInProcess());
  const name = createRequestIds(clock, systemChance);
  // The members' beats carry along what waits to be settled, also where nobody asks for anything.
  const errands = createErrands(softState);
  const expected = expectedGateways * workers;
  const joining = { softState: errands, clock, group: "gateways", id: name(), expected };
  const members = opening.use(joinMembers(joining));
  const store = database ? usageInPostgres(database) : createUsageInMemory();
  const touch = database && {
    touch: (lastUsed: ReadonlyMap<string, number>) => touchKeys(database, lastUsed),
  };
  const usage = opening.use(await openUsage({ store, clock, ...touch }));
  const shared = redisUrl !== undefined;
  const gateways = (): number => (shared ? members.count() : workers);
  const admission = createAdmission({
    softState,
    errands,
    local,
    shared,
    gateways,
    used: usage.month,
    clock,
    name,
    // A place ends by itself only after its request.
    placeMs: limits.requestTimeout + 5_000,
    onCounted: measureAdmissions(metrics),
  });
  const opened = opening.move();
  return {
    softState,
    admission,
    usage,
    usageStore: store,
    alone: () => !shared || members.count() === 1,
    gateways,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
