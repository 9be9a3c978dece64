import type { DescribedModel } from "#adapters/open-inference.ts";
import { openProviders } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Config } from "../config.ts";
import type { KnownBackends } from "../dispatch/known-backends.ts";
import { digestOf } from "../records/configurations.ts";
import { atMostOnce, type Wanted } from "./at-most-once.ts";
import type { Directory } from "./directory.ts";
import { createDraining, type Draining } from "./draining.ts";
import { createFinder, type Finder } from "./find-backends.ts";
import { createTurns, type InTurn } from "./in-turn.ts";
import { createProviderShelf, type OpenProviders } from "./keep-providers.ts";
import {
  type Change,
  checkOnly,
  type Raised,
  type Raising,
  raiseFleet,
  relayFleet,
  type Served,
} from "./raise-fleet.ts";
import type { Backend, Fleet, Route } from "./snapshot.ts";

/**
 * The fleet of this moment, exchanged whole while requests are under way. A request takes `current()` once and keeps to
 * it to its end; what it needs of an old one stays open for as long as a request may take.
 *
 *   SERVING ── replace ──▶ SERVING the next one, while the last drains ── longest request ──▶ its providers close
 *      │ └── backends come or go, a refusal ends ──▶ SERVING the same configuration over others
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

export type LiveFleetOptions = Pick<Surroundings, "clock" | "chance"> & {
  /** As messages name the configuration. */
  readonly file: string;
  readonly begin: Change;
  /** Where providers find the secrets that a configuration only names. */
  readonly env?: Surroundings["env"];
  /** What outlives configurations: it is asked for backends by their names, and forgets those that nobody has any more. */
  readonly known: KnownBackends;
  /** The time by which backends are known. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly openProviders?: OpenProviders;
};

/** However many backends come and go. */
const relayEveryMs = 1_000;

export async function openLiveFleet(options: LiveFleetOptions): Promise<LiveFleet> {
  const { begin, clock, chance, env = {}, signal, openProviders: open = openProviders } = options;
  const closing = new AbortController();
  const shelf = createProviderShelf(open, { clock, chance, env });
  const finder = createFinder({ clock, chance });
  const raising = { ...options, shelf, finder, closing: closing.signal };
  const first = await raiseFleet(begin, { ...raising, starting: signal });
  const swapping = new Swapping(first, { raising, finder, closing });
  const close = (): Promise<void> => swapping.close();
  return {
    current: () => swapping.current,
    fleet: () => swapping.current.fleet,
    directory: swapping.directory,
    replace: (change) => swapping.replace(change),
    check: (text, name) => swapping.check(text, name),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Parts = {
  readonly raising: Raising;
  readonly finder: Finder;
  readonly closing: AbortController;
};

/** Holds the states of a live fleet. */
class Swapping {
  #current: Raised;
  #refusal = new AbortController();
  #closed: Promise<void> | undefined;
  readonly #parts: Parts;
  readonly #begun: Config;
  readonly #inTurn: InTurn;
  readonly #draining: Draining;
  readonly #relays: Wanted;
  readonly #homes = new WeakMap<Backend, Directory>();
  /** Of models whose backends have all gone, and whose answers in the cache have not. */
  readonly #heard = new Map<string, DescribedModel>();

  constructor(first: Raised, parts: Parts) {
    const { raising, closing } = parts;
    const [{ clock }, { signal }] = [raising, closing];
    this.#parts = parts;
    this.#current = first;
    this.#begun = first.config;
    this.#inTurn = createTurns(signal);
    this.#draining = createDraining({ limits: first.config.limits, clock, closing: signal });
    this.#relays = atMostOnce(() => this.#relay(), { everyMs: relayEveryMs, clock, signal });
    this.#settle(first);
  }

  get current(): Served {
    return this.#current;
  }

  /** Also of backends that only a request of an older fleet still has in hand. */
  get directory(): Directory {
    const all = directoryOfAll(() => this.#current.directory, this.#homes);
    return { ...all, lastHeard: (model) => all.lastHeard(model) ?? this.#heard.get(model) };
  }

  replace(change: Change): Promise<Served> {
    return this.#inTurn(async () => {
      const last = this.#current;
      if (digestOf(change.text) === last.sha256) {
        this.#current = { ...last, version: change.version ?? last.version };
        return this.#current;
      }
      return this.#exchange(await raiseFleet(change, this.#around(last)));
    });
  }

  check(text: string, name?: string): Promise<Config> {
    const { raising } = this.#parts;
    return this.#inTurn(() => checkOnly(text, name ? { ...raising, file: name } : raising));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { closing, finder } = this.#parts;
    closing.abort(closedError());
    await Promise.all([finder.close(), this.#relays.idle(), this.#inTurn.idle()]);
    await this.#draining.end(this.#current);
  }

  async #relay(): Promise<void> {
    try {
      await this.#inTurn(async () => {
        const last = this.#current;
        this.#exchange(await relayFleet(last, this.#around(last)));
      });
    } catch (error) {
      if (this.#parts.closing.signal.aborted) return;
      sideConcernSkipped.publish({ what: "finding backends", detail: "taking over what was found", error });
    }
  }

  #around(last: Raised): Raising {
    return { ...this.#parts.raising, last, begun: this.#begun };
  }

  #exchange(next: Raised): Raised {
    const last = this.#current;
    this.#remember(last, next);
    this.#current = next;
    this.#settle(next);
    this.#draining.begin(last, () => {
      // In its turn, or it would forget those of a configuration that is just being built.
      this.#inTurn(async () => this.#forgetOthers()).catch(() => undefined);
    });
    return next;
  }

  #settle({ fleet, directory, held, refusedUntil }: Raised): void {
    for (const route of fleet.routes.values())
      for (const backend of everyone(route)) this.#homes.set(backend, directory);
    this.#parts.finder.follow(held.providers, () => this.#relays.want());
    this.#refusal.abort();
    this.#refusal = new AbortController();
    if (refusedUntil !== undefined) void this.#wantRelayAt(refusedUntil, this.#refusal.signal);
  }

  #remember(last: Raised, next: Raised): void {
    for (const model of last.fleet.routes.keys()) {
      const heard = last.directory.lastHeard(model);
      if (heard) this.#heard.set(model, heard);
    }
    for (const model of this.#heard.keys()) if (!next.fleet.routes.has(model)) this.#heard.delete(model);
  }

  async #wantRelayAt(moment: number, other: AbortSignal): Promise<void> {
    const { raising, closing } = this.#parts;
    const signal = AbortSignal.any([closing.signal, other]);
    const waitMs = Math.max(1, moment - raising.clock.now());
    await raising.clock.sleep(waitMs, { signal }).then(
      () => this.#relays.want(),
      () => undefined,
    );
  }

  #forgetOthers(): void {
    const raised = [this.#current, ...this.#draining.all()];
    const providers = raised.flatMap(({ config }) => Object.keys(config.providers));
    const names = raised.flatMap((one) => [...one.names]);
    this.#parts.raising.known.keepOnly(new Set(names), new Set(providers));
  }
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

function closedError(): TradewindError {
  return new TradewindError("draining", "this gateway stops, and takes no configuration any more");
}
