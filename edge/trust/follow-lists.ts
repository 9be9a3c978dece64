import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Origin } from "../fetch/origin.ts";
import { type CommitDeps, commitLists } from "./commit-lists.ts";
import { readLists } from "./keep-lists.ts";
import { createMetadataFetcher, type FetchList } from "./metadata-fetcher.ts";
import { createReferenceTime, type ReferenceTime } from "./reference-time.ts";
import { beginRefresh, type Refreshing } from "./refresh-lists.ts";
import type { RawLists, VerifiedLists } from "./verified-lists.ts";

export type FollowDeps<Read> = CommitDeps & {
  /** The gateway first, then its mirrors: the first whose lists hold is enough. */
  readonly origins: readonly Origin[];
  readonly firstRoot: Uint8Array;
  readonly clock: Clock;
  /** The gateway's time over TLS; undefined where it cannot be had. */
  readonly askTime?: (options: { readonly signal: AbortSignal }) => Promise<number | undefined>;
  /** Loads what else is wanted of the repository and says what the lists say. */
  readonly read: (refreshing: Refreshing) => Promise<Read>;
};

export type FollowedLists<Read> = {
  readonly latest: () => Read | undefined;
  readonly refresh: (options: { readonly signal: AbortSignal }) => Promise<Read>;
  readonly time: ReferenceTime;
  /** As they are kept. */
  readonly raw: () => RawLists;
};

type Held<Read> = { raw: RawLists; lists: VerifiedLists | undefined; read: Read | undefined };

/**
 * Verified lists that get newer: each refresh is made beside what is kept, checked against the floors, written to a new
 * folder, made to last, and only then named by the state. Whatever goes wrong leaves all as it was.
 */
export async function followLists<Read>(deps: FollowDeps<Read>): Promise<FollowedLists<Read>> {
  const held: Held<Read> = {
    raw: await readLists(deps, deps.state.state.trust.generation),
    lists: undefined,
    read: undefined,
  };
  await readKept(deps, held);
  const time = createReferenceTime({
    clock: deps.clock,
    trustedTimeMs: () => deps.state.state.trust.trustedTimeMs,
    askTime: deps.askTime,
  });
  let turn: Promise<unknown> = Promise.resolve();
  return {
    time,
    latest: () => held.read,
    raw: () => held.raw,
    refresh: ({ signal }) => {
      const work = turn.then(() => refreshFromAny(deps, { held, time, signal }));
      turn = work.catch(() => undefined);
      return work;
    },
  };
}

/** What was verified before still tells what may run, however long ago it was. */
async function readKept<Read>(deps: FollowDeps<Read>, held: Held<Read>): Promise<void> {
  if (held.raw.size === 0) return;
  try {
    const refreshing = beginRefresh({
      kept: held.raw,
      before: undefined,
      firstRoot: deps.firstRoot,
      floors: deps.state.state.trust.floors,
      fetch: async (name) => (name === "timestamp.json" ? held.raw.get("timestamp") : undefined),
      referenceMs: async () => 0,
    });
    await refreshing.run();
    // One family that was never fetched, or is torn, does not make the others unknown.
    const loadRole: Refreshing["loadRole"] = (role, delegator) =>
      refreshing.loadRole(role, delegator).catch(() => undefined);
    held.read = await deps.read({ ...refreshing, loadRole });
    held.lists = refreshing.lists;
  } catch {
    // Torn by a power cut, most likely: the next refresh builds all anew.
  }
}

type Attempt<Read> = {
  readonly held: Held<Read>;
  readonly time: ReferenceTime;
  readonly signal: AbortSignal;
};

async function refreshFromAny<Read>(deps: FollowDeps<Read>, attempt: Attempt<Read>): Promise<Read> {
  let first: unknown;
  for (const origin of deps.origins) {
    try {
      return await refreshFrom(deps, attempt, origin);
    } catch (error) {
      first ??= error;
      if (attempt.signal.aborted) break;
    }
  }
  throw first ?? new TradewindError("repository_unreachable", "no place is known to fetch signed lists from");
}

async function refreshFrom<Read>(
  deps: FollowDeps<Read>,
  attempt: Attempt<Read>,
  origin: Origin,
): Promise<Read> {
  const { time, signal } = attempt;
  const fetch = remembering(createMetadataFetcher({ origin, clock: deps.clock, signal, onDate: time.hear }));
  try {
    return await refreshOnce(deps, attempt, fetch);
  } catch (error) {
    const expired = error instanceof TradewindError && error.code === "repository_expired";
    if (!expired || !(await time.clockIsAhead(signal))) throw error;
    return await refreshOnce(deps, attempt, fetch);
  }
}

/** A second look at the same lists asks for none of them again. */
function remembering(fetch: FetchList): FetchList {
  const seen = new Map<string, Uint8Array | undefined>();
  return async (name, options) => {
    if (!seen.has(name)) seen.set(name, await fetch(name, options));
    return seen.get(name);
  };
}

async function refreshOnce<Read>(
  deps: FollowDeps<Read>,
  attempt: Attempt<Read>,
  fetch: FetchList,
): Promise<Read> {
  const { held, time, signal } = attempt;
  const refreshing = beginRefresh({
    kept: held.raw,
    before: held.lists,
    firstRoot: deps.firstRoot,
    floors: deps.state.state.trust.floors,
    fetch,
    referenceMs: async () => {
      await time.settle(signal);
      return time.nowMs();
    },
  });
  try {
    await refreshing.run();
    const read = await deps.read(refreshing);
    signal.throwIfAborted();
    held.raw = await commitLists(deps, { held: held.raw, time, refreshing });
    held.read = read;
    held.lists = refreshing.lists;
    return read;
  } catch (error) {
    if (deps.keepsEachStep) held.raw = await commitLists(deps, { held: held.raw, time, refreshing });
    throw stopped(error, signal);
  }
}

function stopped(error: unknown, signal: AbortSignal): TradewindError {
  if (!signal.aborted) return asTradewindError(error);
  return new TradewindError("repository_unreachable", "the refresh of the signed lists was stopped", {
    cause: error,
  });
}
