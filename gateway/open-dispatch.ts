import { hostname } from "node:os";
import type { Surroundings } from "#adapters/surroundings.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Log } from "#infra/runtime/log.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createDispatcher, type Dispatcher } from "./dispatch/dispatch.ts";
import { createKnownBackends, type KnownBackends } from "./dispatch/known-backends.ts";
import { wake } from "./dispatch/wake.ts";
import { type FollowedFleet, openFollowedFleet } from "./fleet/open-followed-fleet.ts";
import { createLedgerInMemory } from "./ledger/ledger-in-memory.ts";
import { type Decisions, openDecisions } from "./ledger/open-decisions.ts";
import { openComparingAtGateway } from "./open-comparing.ts";
import { ledgerInPostgres } from "./records/ledger.ts";
import type { Comparing } from "./trials/compare-beside.ts";

/** Who can answer, who is asked, and the record of it. */
export type Dispatch = AsyncDisposable &
  Pick<FollowedFleet, "fleet" | "directory" | "configuration" | "begunWith"> & {
    readonly dispatcher: Dispatcher;
    readonly known: KnownBackends;
    readonly ledger: Decisions;
    readonly comparing: Comparing;
  };

export type DispatchOptions = {
  readonly configFile: string;
  /** What is in it. */
  readonly configText: string;
  readonly database: Database | undefined;
  readonly databaseUrl: string | undefined;
  /** Of the process, for providers alone. */
  readonly env: Surroundings["env"];
  readonly clock: Clock;
  readonly chance: Chance;
  readonly metrics: Metrics;
  readonly log: Log;
  /** How many processes share this port. */
  readonly workers?: number;
  /** Gives a start up. */
  readonly signal: AbortSignal;
};

export async function openDispatch(options: DispatchOptions): Promise<Dispatch> {
  const { configFile: file, configText: text, database, clock, chance, metrics } = options;
  await using opening = new AsyncDisposableStack();
  const known = createKnownBackends({ chance });
  const dispatcher = createDispatcher({ clock, chance, wake });
  const store = database ? ledgerInPostgres(database) : createLedgerInMemory();
  const ledger = opening.use(openDecisions({ store, clock, chance, metrics }));
  const following = { ...options, file, text, machine: hostname(), known, now: dispatcher.now };
  const { fleet, directory, configuration, begunWith } = opening.use(await openFollowedFleet(following));
  const gateways = (): number => begunWith.gateways * (options.workers ?? 1);
  const comparing = opening.use(
    openComparingAtGateway({ ...options, fleet, directory, ledger, gateways, now: dispatcher.now }),
  );
  const opened = opening.move();
  return {
    ...{ fleet, directory, configuration, begunWith, dispatcher, known, ledger, comparing },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
