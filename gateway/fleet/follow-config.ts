import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Log } from "#infra/runtime/log.ts";
import { oneAtATime } from "#infra/runtime/one-at-a-time.ts";
import type { BegunConfiguration } from "./begin-configuration.ts";
import type { ConfigSource } from "./config-source.ts";
import { createConfigTrouble, type Trouble } from "./config-trouble.ts";
import { createTurns } from "./in-turn.ts";
import { createOwnFile, type HowFound } from "./own-file.ts";
import type { Served } from "./raise-fleet.ts";
import type { LiveFleet } from "./swap.ts";
import { tellServed } from "./tell-served.ts";
import { watchFile } from "./watch-file.ts";

/** What is served, and why it is not something newer, if it is not. */
export type ConfigurationStatus = { readonly served: Served; readonly troubles: readonly Trouble[] };

export type FollowedConfiguration = AsyncDisposable & {
  readonly status: () => ConfigurationStatus;
  /** Reads the file now and takes it as it is, as SIGHUP asks for; what goes wrong is told, never thrown. */
  readonly reload: () => Promise<void>;
  /** Takes what is published now rather than at the next turn. */
  readonly catchUp: () => Promise<void>;
  /** Whether a text could be served. */
  readonly check: LiveFleet["check"];
  readonly close: () => Promise<void>;
};

export type FollowOptions = {
  readonly live: LiveFleet;
  /** None without a database: then the file alone says what is served. */
  readonly source: ConfigSource | undefined;
  readonly file: string;
  readonly begun: BegunConfiguration;
  readonly clock: Clock;
  readonly log: Log;
  /** How long others may serve something newer where nobody tells of it. */
  readonly pollMs?: number;
};

/** A database that hangs is told like one that is away. */
const patienceMs = 10_000;

/** What was published and could not be served is tried again, since the reason may have gone. */
const tryAgainMs = 10_000;

/**
 * Keeps a gateway on the configuration of its fleet. A file that changed is published, for all; what is published is
 * served, by each. A text that cannot be served changes nothing: the last good one stays, and it is told why.
 */
export function followConfiguration(options: FollowOptions): FollowedConfiguration {
  const { live, source, file, clock, pollMs = 750 } = options;
  const stop = new AbortController();
  const trouble = createConfigTrouble({ clock, log: options.log });
  const following = { ...options, trouble, signal: stop.signal };
  const catchUp = source ? createCatchUp(following, source) : async () => {};
  const own = createOwnFile({ ...following, catchUp, patienceMs });
  const inTurn = createTurns(stop.signal);
  const look = (how: HowFound): Promise<void> => inTurn(() => own.look(how)).catch(() => undefined);
  const quietly = async (): Promise<void> => {
    await catchUp().catch((error: unknown) => {
      if (stop.signal.aborted) return;
      sideConcernSkipped.publish({ what: "following the configuration", error });
    });
  };
  const watching = watchFile({ file, onChange: () => void look("file"), clock });
  const listening = source?.watch(() => void quietly());
  const turning = keepTurning(
    async () => {
      const left = own.left();
      if (left) await look(left);
      await quietly();
    },
    { clock, pollMs, signal: stop.signal },
  );
  const close = async (): Promise<void> => {
    stop.abort();
    await Promise.all([watching.close(), listening?.[Symbol.asyncDispose](), inTurn.idle(), turning]);
  };
  return {
    status: () => ({ served: live.current(), troubles: trouble.all() }),
    reload: () => look("sighup"),
    catchUp,
    check: live.check,
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Following = FollowOptions & {
  readonly trouble: ReturnType<typeof createConfigTrouble>;
  readonly signal: AbortSignal;
};

function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
}

/** Fails where the database does; a text that cannot be served is told instead. */
function createCatchUp(
  { live, clock, log, trouble, signal }: Following,
  source: ConfigSource,
): () => Promise<void> {
  let refused: { readonly version: number; readonly until: number } | undefined;
  return oneAtATime(async () => {
    signal.throwIfAborted();
    const waits = refused !== undefined && clock.elapsed() < refused.until;
    const known = waits && refused ? refused.version : live.current().version;
    const found = await source.newest(known, within(signal));
    if (!found) return;
    try {
      const served = await live.replace(found);
      refused = undefined;
      trouble.clear("published");
      tellServed(served, log);
    } catch (error) {
      if (signal.aborted) return;
      refused = { version: found.version, until: clock.elapsed() + tryAgainMs };
      trouble.tell({ of: "published", version: found.version, error });
    }
  });
}

type Turn = { readonly clock: Clock; readonly pollMs: number; readonly signal: AbortSignal };

async function keepTurning(work: () => Promise<void>, { clock, pollMs, signal }: Turn): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(pollMs, { signal }).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}
