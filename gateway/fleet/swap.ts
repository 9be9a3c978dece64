import type { Chance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Config } from "../config.ts";
import type { KnownBackends } from "../dispatch/known-backends.ts";
import { digestOf } from "../records/configurations.ts";
import type { Directory } from "./directory.ts";
import { createTurns } from "./in-turn.ts";
import { createProviderShelf, type OpenProviders } from "./keep-providers.ts";
import { type Change, checkOnly, type Raised, raiseFleet, type Served } from "./raise-fleet.ts";
import type { Backend, Fleet, Route } from "./snapshot.ts";

/**
 * The fleet of this moment, exchanged whole while requests are under way. A request takes `current()` once and keeps to
 * it to its end; what it needs of an old one stays open for as long as a request may take.
 *
 *   SERVING ── replace ──▶ SERVING the next one, while the last drains ── longest request ──▶ its providers close
 *      └── close ──▶ CLOSED, with all that still drained
 */
export type LiveFleet = AsyncDisposable & {
  readonly current: () => Served;
  readonly fleet: () => Fleet;
  /** Knows the backends of the current fleet, and those that a request of an older one still has in hand. */
  readonly directory: Directory;
  /** Parsed, opened, asked, and only then exchanged; whatever fails leaves the current one as it is. One at a time. */
  readonly replace: (change: Change) => Promise<Served>;
  /** Whether it could be served, without doing so; messages name it so. */
  readonly check: (text: string, name?: string) => Promise<Config>;
  readonly close: () => Promise<void>;
};

export type LiveFleetOptions = {
  /** As messages name the configuration. */
  readonly file: string;
  readonly begin: Change;
  readonly clock: Clock;
  readonly chance: Chance;
  /** What outlives configurations: it is asked for backends by their names, and forgets those that nobody has any more. */
  readonly known: KnownBackends;
  /** The time by which backends are known. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly openProviders?: OpenProviders;
};

export async function openLiveFleet(options: LiveFleetOptions): Promise<LiveFleet> {
  const { begin, clock, known } = options;
  const closing = new AbortController();
  const shelf = createProviderShelf(options.openProviders);
  const raising = { ...options, shelf, closing: closing.signal };
  const homes = new WeakMap<Backend, Directory>();
  let current = await raiseFleet(begin, { ...raising, starting: options.signal });
  settle(current, homes);
  const begun = current.config;
  const drainOne = (one: Raised): Promise<void> => drain(one, begun, clock, closing.signal);
  const draining = new Map<Raised, Promise<void>>();
  const inTurn = createTurns(closing.signal);
  const forgetOthers = async (): Promise<void> => known.keepOnly(namesIn([current, ...draining.keys()]));
  const drainLast = (last: Raised): void => {
    const drained = drainOne(last).catch(tellLeftOpen);
    draining.set(last, drained);
    const forget = async (): Promise<void> => {
      draining.delete(last);
      // In its turn, or it would forget those of a configuration that is just being built.
      await inTurn(forgetOthers);
    };
    void drained.then(forget).catch(() => undefined);
  };
  const replace = (change: Change): Promise<Served> =>
    inTurn(async () => {
      const last = current;
      if (digestOf(change.text) === last.sha256) {
        current = { ...last, version: change.version ?? last.version };
        return current;
      }
      const next = await raiseFleet(change, { ...raising, last, begun });
      settle(next, homes);
      current = next;
      drainLast(last);
      return next;
    });
  let closed: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    closing.abort(closedError());
    await inTurn.idle();
    await Promise.all([...draining.values(), drainOne(current)]);
  };
  const close = (): Promise<void> => {
    closed ??= closeAll();
    return closed;
  };
  return {
    current: () => current,
    fleet: () => current.fleet,
    directory: directoryOfAll(() => current.directory, homes),
    replace,
    check: (text, name) => inTurn(() => checkOnly(text, name ? { ...raising, file: name } : raising)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function settle({ fleet, directory }: Raised, homes: WeakMap<Backend, Directory>): void {
  for (const route of fleet.routes.values()) {
    for (const backend of everyone(route)) homes.set(backend, directory);
  }
}

function namesIn(raised: readonly Raised[]): ReadonlySet<string> {
  const routes = raised.flatMap(({ fleet }) => [...fleet.routes.values()]);
  return new Set(routes.flatMap((route) => everyone(route).map(({ name }) => name)));
}

function everyone({ backends, shadows }: Route): readonly Backend[] {
  return [...backends, ...shadows];
}

/** A request holds backends of one fleet, and each is looked up where it is known. */
function directoryOfAll(current: () => Directory, homes: WeakMap<Backend, Directory>): Directory {
  const close = async (): Promise<void> => {};
  return {
    find: (backend, model) => homes.get(backend)?.find(backend, model),
    findVersion: async (backend, ...asked) => await homes.get(backend)?.findVersion(backend, ...asked),
    lastHeard: (model) => current().lastHeard(model),
    // Routes of older fleets are looked at where nothing changes any more, so the current one's is enough.
    revision: () => current().revision(),
    complete: () => current().complete(),
    useful: () => current().useful(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Nobody is asked about the last fleet any more, and its connections stay until the longest request that it can have
 * begun is over. To count the requests of each fleet would cost every one of them; a few idle sockets cost none.
 */
async function drain(
  { directory, held }: Raised,
  { limits }: Config,
  clock: Clock,
  closing: AbortSignal,
): Promise<void> {
  // The process' own limits: those of a later configuration wait for a restart.
  const longestMs = limits.bodyTimeout + limits.requestTimeout + 5_000;
  const over = clock.sleep(longestMs, { signal: closing }).catch(() => undefined);
  await Promise.all([directory.close(), over]);
  await held.give();
}

function tellLeftOpen(error: unknown): void {
  sideConcernSkipped.publish({ what: "following the configuration", detail: "closing the last one", error });
}

function closedError(): TradewindError {
  return new TradewindError("draining", "this gateway stops, and takes no configuration any more");
}
