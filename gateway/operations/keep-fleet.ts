import type { Surroundings } from "#adapters/surroundings.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Config } from "../config.ts";
import type { FleetFlags } from "./fleet-flags.ts";
import { createTurns, type FleetTurns } from "./fleet-turn.ts";
import type { SpeakingVoice } from "./fleet-voice.ts";
import { type Leading, standForLeader } from "./leader.ts";
import type { Controls } from "./open-controls.ts";
import { createConfigReader } from "./read-configuration.ts";

export type OpenedFleet = Surroundings & {
  readonly url: string;
  readonly database: Database;
  readonly controls: Controls;
  readonly voice: SpeakingVoice;
  readonly flags: FleetFlags;
  /** As the audit names it, and as the others see who leads. */
  readonly name: string;
  readonly leader: string;
};

type Kept = OpenedFleet & { readonly turns: FleetTurns; readonly everyMs: () => number };

/** One look; with `--apply` as the leader, unless another process is that. */
export async function lookOnce(fleet: OpenedFleet, signal: AbortSignal): Promise<void> {
  const { turns, flags, url, leader: name, clock, voice } = prepare(fleet);
  if (!flags.isApplying) return void (await turns.scale({ signal }));
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  // It may fail when nobody waits for it any more.
  over.catch(() => undefined);
  await using candidacy = standForLeader({
    ...{ url, name, clock },
    tell: (state, error) => {
      voice.turned(state, error);
      if (error !== undefined) reject(error);
    },
    lead: async (leading) => {
      await turns.rollOut(leading);
      await turns.scale(leading, leading);
      resolve();
    },
  });
  await Promise.race([over, clock.sleep(followedMs, { signal })]);
  if (candidacy.state() === "leading") await over;
}

/** Who does not lead by then leaves it to whoever does. */
const followedMs = 3_000;

/** Looks again and again until it is closed; with `--apply` whenever it leads, else only to say what it would do. */
export function keepFleet(fleet: OpenedFleet): AsyncDisposable {
  const kept = prepare(fleet);
  if (!kept.flags.isApplying) return keepLooking(kept);
  const { url, leader: name, clock, voice } = kept;
  return standForLeader({
    url,
    name,
    clock,
    tell: voice.turned,
    lead: (leading) => leadFleet(kept, leading),
  });
}

function prepare(fleet: OpenedFleet): Kept {
  const { flags, database } = fleet;
  let everyMs = firstEveryMs;
  const read = createConfigReader(database.query, flags.config);
  const readConfiguration = async (reading: { readonly signal: AbortSignal }): Promise<Config> => {
    const config = await read(reading);
    everyMs = config.fleet.every;
    return config;
  };
  const turns = createTurns({ ...fleet, readConfiguration });
  return { ...fleet, turns, everyMs: () => flags.everyMs ?? everyMs };
}

/** While there is no configuration. */
const firstEveryMs = 15_000;

/** Rollouts do not wait for the next look at the whole fleet. */
const mostPauseMs = 3_000;

async function leadFleet(kept: Kept, leading: Leading): Promise<void> {
  const { clock, turns, everyMs } = kept;
  const { signal, ending } = leading;
  const resting = AbortSignal.any([signal, ending]);
  let lookedAt = Number.NEGATIVE_INFINITY;
  while (!ending.aborted) {
    await quietly(kept, "rollouts", signal, () => turns.rollOut(leading));
    if (!ending.aborted && clock.elapsed() - lookedAt >= everyMs()) {
      lookedAt = clock.elapsed();
      await quietly(kept, "scaling", signal, () => turns.scale(leading, leading));
    }
    const pauseMs = Math.min(mostPauseMs, everyMs());
    await clock.sleep(pauseMs, { signal: resting }).catch(() => undefined);
    signal.throwIfAborted();
  }
}

function keepLooking(kept: Kept): AsyncDisposable {
  const stop = new AbortController();
  const { signal } = stop;
  const looking = (async () => {
    while (!signal.aborted) {
      await quietly(kept, "planning", signal, () => kept.turns.scale({ signal })).catch(() => undefined);
      await kept.clock.sleep(kept.everyMs(), { signal }).catch(() => undefined);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await looking;
    },
  };
}

/** What fails is told and tried again at the next turn; only the end of a term ends its work. */
async function quietly(
  { voice }: Kept,
  what: string,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asTradewindError(thrown);
    if (error.code === "not_leader") throw error;
    voice.troubled(what, error);
  }
}
