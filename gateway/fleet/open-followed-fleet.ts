import type { Surroundings } from "#adapters/surroundings.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Log } from "#infra/runtime/log.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Config } from "../config.ts";
import type { KnownBackends } from "../dispatch/known-backends.ts";
import { beginConfiguration } from "./begin-configuration.ts";
import { configInPostgres } from "./config-source.ts";
import { type FollowedConfiguration, followConfiguration } from "./follow-config.ts";
import { measureBackends } from "./measure-backends.ts";
import { measureConfiguration } from "./measure-configuration.ts";
import { type LiveFleet, openLiveFleet } from "./swap.ts";

/** A fleet that follows its configuration for as long as it is open. */
export type FollowedFleet = AsyncDisposable &
  Pick<LiveFleet, "current" | "fleet" | "directory"> & {
    /** What it began with: whatever is made once and not with each fleet is made of this. */
    readonly begunWith: Config;
    readonly configuration: FollowedConfiguration;
  };

export type FollowedFleetOptions = {
  readonly file: string;
  /** What is in the file. */
  readonly text: string;
  /** Where configurations are published, if anywhere. */
  readonly database: Database | undefined;
  readonly databaseUrl: string | undefined;
  /** Of this machine, as history and audit tell who published a file. */
  readonly machine: string;
  /** Where providers find the secrets that a configuration only names. */
  readonly env: Surroundings["env"];
  readonly known: KnownBackends;
  /** The time by which backends are known. */
  readonly now: () => number;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** Begins with the file or with what the fleet has published since, and goes on from there. */
export async function openFollowedFleet(options: FollowedFleetOptions): Promise<FollowedFleet> {
  const { file, database, databaseUrl: url, machine, clock, metrics } = options;
  await using opening = new AsyncDisposableStack();
  const name = `gateway:${machine}`;
  const source = database && url !== undefined ? configInPostgres({ database, url, clock, name }) : undefined;
  const begun = await beginConfiguration({ ...options, source });
  const live = opening.use(await openLiveFleet({ ...options, begin: begun }));
  const configuration = opening.use(followConfiguration({ ...options, live, source, file, begun }));
  measureConfiguration(metrics, configuration.status);
  measureBackends(metrics, live.current);
  const opened = opening.move();
  const { current, fleet, directory } = live;
  return {
    ...{ current, fleet, directory, configuration },
    begunWith: begun.config,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
