import type { Provider } from "#adapters/provider.ts";
import type { ProviderSettings } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";

export type OpenProviders = (
  configured: Readonly<Record<string, ProviderSettings>>,
  surroundings: Surroundings,
) => Promise<ReadonlyMap<string, Provider>>;

/** Providers of one configuration, open until it gives them back; twice is fine. */
export type HeldProviders = {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly give: () => Promise<void>;
};

export type ProviderShelf = {
  /** Opens those that are not open yet under the same name with the same settings. One at a time. */
  readonly take: (configured: Readonly<Record<string, ProviderSettings>>) => Promise<HeldProviders>;
};

type Kept = { readonly provider: Provider; holders: number };

/**
 * Providers that several configurations have in common are opened once, and closed when the last of these has given them
 * back: warm connections, and whatever is known by the clients behind them, outlive a change of something else.
 */
export function createProviderShelf(open: OpenProviders, surroundings: Surroundings): ProviderShelf {
  const shelf = new Map<string, Kept>();
  const give = async (key: string): Promise<void> => {
    const kept = shelf.get(key);
    if (!kept) return;
    kept.holders -= 1;
    if (kept.holders > 0) return;
    shelf.delete(key);
    await kept.provider.close();
  };
  return {
    take: async (configured) => {
      const keys = new Map(Object.entries(configured).map(([name, given]) => [name, keyOf(name, given)]));
      const held = [...keys.values()].filter((key) => shelf.has(key));
      // Before anything is waited for, or they could be closed meanwhile.
      for (const key of held) hold(shelf, key);
      const giveAll = async (list: readonly string[]): Promise<void> => {
        await Promise.all(list.map(give));
      };
      const missing = Object.entries(configured).filter(([name]) => !held.includes(keys.get(name) ?? ""));
      const opened = await open(Object.fromEntries(missing), surroundings).catch(async (error: unknown) => {
        await giveAll(held);
        throw error;
      });
      for (const [name, provider] of opened) shelf.set(keys.get(name) ?? name, { provider, holders: 1 });
      return heldOf(keys, shelf, giveAll);
    },
  };
}

function hold(shelf: ReadonlyMap<string, Kept>, key: string): void {
  const kept = shelf.get(key);
  if (kept) kept.holders += 1;
}

function heldOf(
  keys: ReadonlyMap<string, string>,
  shelf: ReadonlyMap<string, Kept>,
  giveAll: (keys: readonly string[]) => Promise<void>,
): HeldProviders {
  const providers = new Map<string, Provider>();
  for (const [name, key] of keys) {
    const kept = shelf.get(key);
    if (kept) providers.set(name, kept.provider);
  }
  let giving: Promise<void> | undefined;
  return {
    providers,
    give: () => {
      giving ??= giveAll([...keys.values()]);
      return giving;
    },
  };
}

/** For others: who changes only these goes on with the clients and the backends that it has. */
const nothingToOpen: ReadonlySet<string> = new Set(["refuseUntil", "scale"]);

function keyOf(name: string, settings: ProviderSettings): string {
  const opened = Object.entries(settings).filter(([key]) => !nothingToOpen.has(key));
  return `${name} ${canonical(Object.fromEntries(opened))}`;
}

/** The same text for the same data, in whatever order its names stand. */
export function canonical(data: unknown): string {
  return JSON.stringify(data, (_, value) => (isPlain(value) ? sorted(value) : value)) ?? "";
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
