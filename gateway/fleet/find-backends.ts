import type { Endpoint, Provider } from "#adapters/provider.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { FoundProvider } from "./name-backends.ts";

/** Where backends are, by the names of their providers. */
export type Found = ReadonlyMap<string, FoundProvider>;

export type Finding = {
  readonly found: Found;
  /** Why some of those who were asked are taken to have no backends. */
  readonly failures: readonly unknown[];
};

type Providers = ReadonlyMap<string, Provider>;

/**
 * Asks providers where their backends are. Of each one it is either not known yet, and then it is asked soon again; or
 * it is known, stays so whatever fails later, and is asked again as often as the provider says that it pays.
 */
export type Finder = AsyncDisposable & {
  /** What is known, and the answers of those who were not asked before. */
  readonly find: (providers: Providers, signal: AbortSignal) => Promise<Finding>;
  /** What is known at this moment; nobody is asked. */
  readonly recall: (providers: Providers) => Found;
  /** From now on these are asked again, and no others; told where one of them has said something new. */
  readonly follow: (providers: Providers, onChange: () => void) => void;
  readonly close: () => Promise<void>;
};

export type FinderOptions = {
  readonly clock: Clock;
  readonly chance: Pick<Chance, "number">;
  readonly patienceMs?: number;
};

/** A provider that does not say where its backends are holds nobody up for longer. */
const usualPatienceMs = 10_000;

/** One that has not said anything yet is asked so soon again. */
const strangerMs = 2_000;

/** Nobody is asked more often, whatever a provider thinks of itself. */
const leastMs = 500;

export function createFinder(options: FinderOptions): Finder {
  const { clock, chance, patienceMs = usualPatienceMs } = options;
  const asked = createAsked(patienceMs);
  const following = new Map<Provider, Followed>();
  const close = async (): Promise<void> => {
    for (const { stop } of following.values()) stop.abort();
    await Promise.all([...following.values()].map(({ ended }) => ended));
  };
  return {
    recall: asked.recall,
    find: async (providers, signal) => {
      const failures: unknown[] = [];
      const strangers = [...providers].filter(([, provider]) => asked.isNew(provider));
      await Promise.all(
        strangers.map(([name, provider]) =>
          asked.ask(provider, signal).catch((error: unknown) => {
            signal.throwIfAborted();
            failures.push(error);
            tell(name, error);
          }),
        ),
      );
      return { found: asked.recall(providers), failures };
    },
    follow: (providers, onChange) => {
      const here = new Set(providers.values());
      for (const [provider, { stop }] of following) {
        if (here.has(provider)) continue;
        stop.abort();
        following.delete(provider);
      }
      for (const [name, provider] of providers) {
        if (following.has(provider)) continue;
        const stop = new AbortController();
        const ended = keepAsking(name, provider, { asked, clock, chance, onChange, signal: stop.signal });
        following.set(provider, { stop, ended });
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Followed = { readonly stop: AbortController; readonly ended: Promise<void> };

type Asked = Pick<Finder, "recall"> & {
  /** Was never asked; who was and has not answered is asked beside the path, where it holds nobody up. */
  readonly isNew: (provider: Provider) => boolean;
  readonly isKnown: (provider: Provider) => boolean;
  /** Answers whether it said something else than before. */
  readonly ask: (provider: Provider, signal: AbortSignal) => Promise<boolean>;
};

/** Holds what each provider said last. */
function createAsked(patienceMs: number): Asked {
  const known = new WeakMap<Provider, readonly Endpoint[]>();
  const asked = new WeakSet<Provider>();
  return {
    isNew: (provider) => !asked.has(provider),
    isKnown: (provider) => known.has(provider),
    ask: async (provider, signal) => {
      asked.add(provider);
      const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
      const endpoints = bounded(await unlessAborted(provider.discover({ signal: patience }), patience));
      const before = known.get(provider);
      if (before && isSame(before, endpoints)) return false;
      known.set(provider, endpoints);
      return true;
    },
    recall: (providers) =>
      new Map(
        [...providers].map(([name, provider]) => {
          return [name, { terms: provider.terms, endpoints: known.get(provider) ?? [] }];
        }),
      ),
  };
}

type Keeping = {
  readonly asked: Asked;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "number">;
  readonly onChange: () => void;
  readonly signal: AbortSignal;
};

async function keepAsking(name: string, provider: Provider, keeping: Keeping): Promise<void> {
  const { asked, clock, chance, signal } = keeping;
  const { rediscoverMs } = provider;
  const everyMs = Math.max(leastMs, rediscoverMs ?? strangerMs);
  while (!signal.aborted && (rediscoverMs !== undefined || !asked.isKnown(provider))) {
    const waitMs = asked.isKnown(provider) ? everyMs : Math.min(everyMs, strangerMs);
    // Gateways that were started together are not to ask together for ever.
    await clock.sleep(waitMs * (0.8 + 0.2 * chance.number()), { signal }).catch(() => undefined);
    if (!signal.aborted) await askAgain(name, provider, keeping);
  }
}

async function askAgain(name: string, provider: Provider, keeping: Keeping): Promise<void> {
  const { asked, onChange, signal } = keeping;
  try {
    const isOther = await asked.ask(provider, signal);
    if (isOther && !signal.aborted) onChange();
  } catch (error) {
    if (!signal.aborted) tell(name, error);
  }
}

function tell(detail: string, error: unknown): void {
  sideConcernSkipped.publish({ what: "finding backends", detail, error });
}

/** A list in another order, or the same one asked for twice, is no news. */
function isSame(before: readonly Endpoint[], now: readonly Endpoint[]): boolean {
  if (before.length !== now.length) return false;
  const left = new Map<string, Endpoint[]>();
  for (const one of before) left.set(keyOf(one), [...(left.get(keyOf(one)) ?? []), one]);
  return now.every((one) => left.get(keyOf(one))?.pop()?.client === one.client);
}

function keyOf({ name = "", url }: Endpoint): string {
  return `${name} ${url}`;
}

const mostEndpoints = 1_000;

/** What a cloud says may be any length, and in another order each time. */
function bounded(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  if (endpoints.length <= mostEndpoints) return endpoints;
  const inOrder = endpoints.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return inOrder.slice(0, mostEndpoints);
}

/** Whoever is asked may not look at the signal. */
async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
