import type { Provider } from "#adapters/provider.ts";
import { openProviders } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import { createKnownBackends, type KnownBackends } from "#gateway/dispatch/known-backends.ts";
import type { OpenProviders } from "#gateway/fleet/keep-providers.ts";
import type { Change } from "#gateway/fleet/raise-fleet.ts";
import { type LiveFleet, openLiveFleet } from "#gateway/fleet/swap.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { type FakeBackend, startFakeBackend } from "./fake-backend.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

/** The way to open providers, which keeps a list of those that are open. */
export type WatchedProviders = {
  readonly open: OpenProviders;
  /** Their names, once for each time that one is open. */
  readonly openNow: () => readonly string[];
  readonly opened: () => number;
  /** What the last ones were opened with. */
  readonly surroundings: () => Surroundings | undefined;
  /** From now on each that closes says that it cannot. */
  readonly fail: () => void;
};

export function watchProviders(): WatchedProviders {
  const openNow: string[] = [];
  let opened = 0;
  let surroundings: Surroundings | undefined;
  let isFailing = false;
  const watched = (name: string, provider: Provider): Provider => {
    opened += 1;
    openNow.push(name);
    const close = async (): Promise<void> => {
      const place = openNow.indexOf(name);
      if (place >= 0) openNow.splice(place, 1);
      await provider.close();
      if (isFailing) throw new Error("it cannot be closed");
    };
    return { ...provider, close, [Symbol.asyncDispose]: close };
  };
  return {
    open: async (...asked) => {
      [, surroundings] = asked;
      const providers = await openProviders(...asked);
      return new Map([...providers].map(([name, provider]) => [name, watched(name, provider)]));
    },
    openNow: () => openNow,
    opened: () => opened,
    surroundings: () => surroundings,
    fail: () => {
      isFailing = true;
    },
  };
}

/** A configuration of one route over some providers, each with its addresses; JSON is YAML. */
export function configText(
  providers: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>,
  more: Readonly<Record<string, unknown>> = {},
): string {
  const settings = Object.entries(providers).map(([name, given]) => {
    return [name, { kind: "static", ...(typeof given === "string" ? { urls: [given] } : given) }];
  });
  return JSON.stringify({
    models: { "digits-s": { source: "x" } },
    providers: Object.fromEntries(settings),
    routes: [{ models: ["digits-s"], failover: [Object.keys(providers)] }],
    ...more,
  });
}

export type LiveFleetWorld = AsyncDisposable & {
  readonly live: LiveFleet;
  readonly clock: FakeClock;
  readonly known: KnownBackends;
  readonly providers: WatchedProviders;
  readonly backends: readonly FakeBackend[];
};

/** A live fleet over backends that answer, under a clock of the test's; some of its providers may be the test's too. */
export async function openLiveFleetWorld({
  backends: count = 2,
  begin,
  instead = {},
  env = {},
}: {
  readonly backends?: number;
  readonly begin: (urls: readonly string[]) => Change;
  /** By the names of providers, which one to take in the place of what their settings say. */
  readonly instead?: Readonly<Record<string, Pick<Provider, "discover" | "rediscoverMs">>>;
  readonly env?: Surroundings["env"];
}): Promise<LiveFleetWorld> {
  await using opening = new AsyncDisposableStack();
  const backends: FakeBackend[] = [];
  for (let n = 0; n < count; n += 1) backends.push(opening.use(await startFakeBackend()));
  const clock = createFakeClock();
  const providers = watchProviders();
  const known = createKnownBackends({ chance: systemChance });
  const live = opening.use(
    await openLiveFleet({
      file: "tradewind.yaml",
      begin: begin(backends.map(({ url }) => url)),
      clock,
      chance: systemChance,
      known,
      env,
      now: clock.elapsed,
      signal: new AbortController().signal,
      openProviders: async (...asked) => {
        const opened = await providers.open(...asked);
        return new Map([...opened].map(([name, provider]) => [name, { ...provider, ...instead[name] }]));
      },
    }),
  );
  const opened = opening.move();
  return { live, clock, known, providers, backends, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
