import type { Clock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { listenTo } from "#infra/runtime/postgres/listen.ts";
import {
  newestConfiguration,
  type PublishedBefore,
  type PublishedConfiguration,
  type Publishing,
  publishConfiguration,
} from "../records/configurations.ts";

/** What a gateway found in its own file. */
export type FoundText = {
  readonly text: string;
  readonly source: "file" | "sighup";
  readonly unless: PublishedBefore | undefined;
};

/** Where the configuration of the whole fleet is published. */
export type ConfigSource = {
  /** The newest, unless it is the version that is known. */
  readonly newest: (known: number, signal: AbortSignal) => Promise<PublishedConfiguration | undefined>;
  readonly publish: (found: FoundText, signal: AbortSignal) => Promise<Publishing>;
  /** Says at once that something was published; looking again now and then is needed all the same. */
  readonly watch: (onChange: () => void) => AsyncDisposable;
};

export type ConfigInPostgresOptions = {
  readonly database: Database;
  readonly url: string;
  readonly clock: Clock;
  /** Who publishes, as history and audit name it. */
  readonly name: string;
};

/** The channel on which the table's trigger tells of a new row. */
const channel = "tradewind_configuration";

export function configInPostgres({ database, url, clock, name }: ConfigInPostgresOptions): ConfigSource {
  return {
    newest: (known, signal) => newestConfiguration(database.query, known, { signal }),
    publish: (found, signal) => publishConfiguration(database, { ...found, actor: { id: name } }, { signal }),
    watch: (onChange) => listenTo({ url, channel, onNotify: onChange, clock }),
  };
}
