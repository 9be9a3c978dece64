import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Config } from "../config.ts";
import type { Raised } from "./raise-fleet.ts";

/** Fleets that were replaced, each for as long as a request may still hold it. */
export type Draining = {
  readonly all: () => readonly Raised[];
  /** Calls back when it is drained. */
  readonly begin: (last: Raised, onDrained: () => void) => void;
  /** Drains one and waits for it, and for all that drain already. */
  readonly end: (current: Raised) => Promise<void>;
};

export type DrainingOptions = {
  /** The process' own limits: those of a later configuration wait for a restart. */
  readonly limits: Config["limits"];
  readonly clock: Clock;
  /** Nobody is waited for any more. */
  readonly closing: AbortSignal;
};

export function createDraining(options: DrainingOptions): Draining {
  const draining = new Map<Raised, Promise<void>>();
  return {
    all: () => [...draining.keys()],
    begin: (last, onDrained) => {
      const drained = drain(last, options)
        .catch(tellLeftOpen)
        .then(() => {
          draining.delete(last);
          onDrained();
        });
      draining.set(last, drained);
    },
    end: async (current) => {
      await Promise.all([...draining.values(), drain(current, options)]);
    },
  };
}

/**
 * Nobody is asked about the last fleet any more, and its connections stay until the longest request that it can have
 * begun is over. To count the requests of each fleet would cost every one of them; a few idle sockets cost none.
 */
async function drain(
  { directory, held }: Raised,
  { limits, clock, closing }: DrainingOptions,
): Promise<void> {
  const longestMs = limits.bodyTimeout + limits.requestTimeout + 5_000;
  const over = clock.sleep(longestMs, { signal: closing }).catch(() => undefined);
  await Promise.all([directory.close(), over]);
  await held.give();
}

function tellLeftOpen(error: unknown): void {
  sideConcernSkipped.publish({ what: "following the configuration", detail: "closing the last one", error });
}
