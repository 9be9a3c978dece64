import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { sweepRecords } from "./retention.ts";

/** Soon after the start, since a gateway that never runs for an hour would never sweep. */
const firstAfterMs = 60_000;
const everyMs = 3_600_000;

/** Deletes what is older than its tenant's retention, each hour until it is closed. */
export function keepSwept(database: Database, clock: Clock): AsyncDisposable {
  const stop = new AbortController();
  const sweeping = sweepAgain(database, clock, stop.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await sweeping;
    },
  };
}

async function sweepAgain(database: Database, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let waitMs = firstAfterMs; !signal.aborted; waitMs = everyMs) {
    try {
      await clock.sleep(waitMs, { signal });
      await sweepRecords(database, { signal });
    } catch (error) {
      if (!signal.aborted) sideConcernSkipped.publish({ what: "sweeping old records", error });
    }
  }
}
