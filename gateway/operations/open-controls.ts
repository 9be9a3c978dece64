import type { ProviderControl } from "#adapters/control.ts";
import { openControl } from "#adapters/controls.ts";
import type { ProviderSettings } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";

/** What the providers of a configuration are changed with, each opened once. */
export type Controls = AsyncDisposable & {
  readonly of: (provider: string) => ProviderControl | undefined;
  readonly names: () => readonly string[];
  /** Those that could not be opened, and why; they are left alone. */
  readonly troubles: () => ReadonlyMap<string, TradewindError>;
  /** Another configuration: who is in it as before stays open. */
  readonly follow: (providers: Providers) => Promise<void>;
  /** Twice is fine. */
  readonly close: () => Promise<void>;
};

export type Providers = Readonly<Record<string, ProviderSettings>>;

export type OpenControl = (
  settings: ProviderSettings,
  surroundings: Surroundings,
  name: string,
) => Promise<ProviderControl>;

type Kept = { readonly settings: string; readonly control: ProviderControl };

export async function openControls(
  providers: Providers,
  surroundings: Surroundings,
  open: OpenControl = openControl,
): Promise<Controls> {
  let kept = new Map<string, Kept>();
  let troubles = new Map<string, TradewindError>();
  const follow = async (wanted: Providers): Promise<void> => {
    const [next, failed] = [new Map<string, Kept>(), new Map<string, TradewindError>()];
    const openOne = async ([name, given]: readonly [string, ProviderSettings]): Promise<void> => {
      const settings = JSON.stringify(given);
      const before = kept.get(name);
      if (before?.settings === settings) return void next.set(name, before);
      try {
        next.set(name, { settings, control: await open(given, surroundings, name) });
      } catch (thrown) {
        failed.set(name, asTradewindError(thrown));
      }
    };
    await Promise.all(Object.entries(wanted).filter(isItself).map(openOne));
    const gone = [...kept].filter(([name, { control }]) => next.get(name)?.control !== control);
    [kept, troubles] = [next, failed];
    await Promise.allSettled(gone.map(([, { control }]) => control.close()));
  };
  const close = async (): Promise<void> => {
    await follow({});
  };
  await follow(providers);
  return {
    of: (name) => kept.get(name)?.control,
    names: () => [...kept.keys()],
    troubles: () => troubles,
    follow,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A candidate is changed with the control of what it stands beside. */
function isItself([, settings]: readonly [string, ProviderSettings]): boolean {
  return !("revision" in settings && settings.revision === "candidate");
}
