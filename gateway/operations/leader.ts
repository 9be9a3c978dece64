import type { Clock } from "#infra/runtime/clock.ts";
import { notLeader } from "../records/leader.ts";
import { type LockConnection, openLockConnection } from "./lock-connection.ts";

/** A term: while it lasts, nobody else changes the fleet. */
export type Leading = {
  readonly term: number;
  /** Aborted at once when the lock is lost, and when the term is over. */
  readonly signal: AbortSignal;
  /** Aborted when whoever leads is to come to an end by itself; what is in hand may be finished. */
  readonly ending: AbortSignal;
  /** Asks over the connection that holds the lock whether it still does; before each step that cannot be taken back. */
  readonly check: () => Promise<void>;
};

export type LeaderState = "following" | "leading" | "lost" | "closed";

export type StandOptions = {
  readonly url: string;
  /** As others see who leads. */
  readonly name: string;
  readonly clock: Clock;
  /** The work of a term; it ends when the term is lost, when it is asked to end, or by itself. */
  readonly lead: (leading: Leading) => Promise<void>;
  /** To be told of each turn, and why. */
  readonly tell?: (state: LeaderState, error?: unknown) => void;
  readonly beatMs?: number;
  /** Who stands again after a term waits so long; a beat unless said. */
  readonly restMs?: number;
  /** After so long without a word from the leader the server lets its lock go. */
  readonly silentMs?: number;
};

export type Candidacy = AsyncDisposable & {
  readonly state: () => LeaderState;
  /** Lets the work in hand come to its end, then lets go of the lock; twice is fine. */
  readonly close: () => Promise<void>;
};

/**
 * Stands for leader of the fleet until it is closed. The lock is of a connection, so it falls with the process that has
 * it, and with one that is frozen as soon as the server misses its beat.
 *
 *   FOLLOWING ── got the lock ──▶ LEADING ── no answer, or a closed connection ──▶ LOST ──▶ FOLLOWING …
 *                                    └── its work ended ──▶ FOLLOWING                close from any of them ──▶ CLOSED
 */
export function standForLeader(options: StandOptions): Candidacy {
  const stop = new AbortController();
  let state: LeaderState = "following";
  const turn: Turn = (next, error) => {
    state = next;
    options.tell?.(next, error);
  };
  const standing = keepStanding(options, turn, stop.signal);
  const close = (): Promise<void> => {
    stop.abort();
    return standing;
  };
  return { state: () => state, close, [Symbol.asyncDispose]: close };
}

type Turn = (next: LeaderState, error?: unknown) => void;

const usualBeatMs = 1_000;
const usualSilentMs = 8_000;

async function keepStanding(options: StandOptions, turn: Turn, stop: AbortSignal): Promise<void> {
  const { clock, beatMs = usualBeatMs, restMs = beatMs } = options;
  while (!stop.aborted) {
    try {
      await standOnce(options, turn, stop);
      if (!stop.aborted) turn("following");
    } catch (error) {
      if (!stop.aborted) turn("lost", error);
    }
    await clock.sleep(restMs, { signal: stop }).catch(() => undefined);
  }
  turn("closed");
}

/** One connection, and one term at most. */
async function standOnce(options: StandOptions, turn: Turn, stop: AbortSignal): Promise<void> {
  const { name, clock, beatMs = usualBeatMs, silentMs = usualSilentMs } = options;
  await using connection = await openLockConnection({ ...options, silentMs });
  const signal = AbortSignal.any([stop, connection.lost]);
  for (let tries = 0; !(await connection.tryLock()); tries += 1) {
    if (tries === 0) turn("following");
    await clock.sleep(beatMs, { signal });
  }
  if (stop.aborted) return;
  const term = await connection.raise(name);
  turn("leading");
  await leadTerm(options, { connection, term, stop });
}

type Term = { readonly connection: LockConnection; readonly term: number; readonly stop: AbortSignal };

/** The connection is closed only when the work has come to rest, so that no two terms of a process overlap. */
async function leadTerm(options: StandOptions, { connection, term, stop }: Term): Promise<void> {
  const { clock, silentMs = usualSilentMs } = options;
  const over = new AbortController();
  const check = async (): Promise<void> => {
    over.signal.throwIfAborted();
    const askedAt = clock.elapsed();
    await connection.beat().catch((error: unknown) => over.abort(notLeader(error)));
    // A process that was frozen may find an answer waiting for it that was true before somebody else took the lock.
    if (clock.elapsed() - askedAt >= silentMs) over.abort(notLeader());
    over.signal.throwIfAborted();
  };
  const watching = watch(options, { connection, over, check });
  try {
    await options.lead({ term, signal: over.signal, ending: stop, check });
    over.signal.throwIfAborted();
  } finally {
    over.abort(notLeader());
    await watching;
  }
}

type Watch = Pick<Term, "connection"> & {
  readonly over: AbortController;
  readonly check: () => Promise<void>;
};

async function watch(
  { clock, beatMs = usualBeatMs }: StandOptions,
  { connection, over, check }: Watch,
): Promise<void> {
  const { lost } = connection;
  const signal = AbortSignal.any([over.signal, lost]);
  while (!over.signal.aborted) {
    await clock.sleep(beatMs, { signal }).catch(() => undefined);
    if (lost.aborted) over.abort(notLeader(lost.reason));
    else if (!over.signal.aborted) await check().catch(() => undefined);
  }
}
