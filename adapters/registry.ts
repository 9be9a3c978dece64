import { z } from "zod";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import * as appService from "./app-service/billing.ts";
import { settings as appServiceSettings } from "./app-service/settings.ts";
import type { Capabilities } from "./capabilities.ts";
import * as cloudRun from "./cloud-run/billing.ts";
import { settings as cloudRunSettings } from "./cloud-run/settings.ts";
import * as containerApps from "./container-apps/billing.ts";
import { settings as containerAppsSettings } from "./container-apps/settings.ts";
import * as ecs from "./ecs/billing.ts";
import { settings as ecsSettings } from "./ecs/settings.ts";
import * as kubernetes from "./kubernetes/billing.ts";
import { settings as kubernetesSettings } from "./kubernetes/settings.ts";
import { openAll } from "./open-all.ts";
import type { Provider } from "./provider.ts";
import * as staticList from "./static/billing.ts";
import { settings as staticSettings } from "./static/settings.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Terms } from "./terms.ts";
import { type KindDefaults, type TermsSettings, termsFrom } from "./terms-settings.ts";

/** One entry under `providers`: its kind decides what else it may hold. */
export const providerSchema = z.discriminatedUnion(
  "kind",
  [
    staticSettings,
    ecsSettings,
    cloudRunSettings,
    appServiceSettings,
    containerAppsSettings,
    kubernetesSettings,
  ],
  { error: ({ code, input }) => (code === "invalid_union" ? unknownKind(input) : undefined) },
);

/** What one entry says, with durations in milliseconds. */
export type ProviderSettings = z.output<typeof providerSchema>;

export type KindName = ProviderSettings["kind"];

type SettingsOf<Kind extends KindName> = Extract<ProviderSettings, { readonly kind: Kind }>;

type Kind<Name extends KindName> = {
  readonly defaults: KindDefaults;
  readonly capabilitiesOf: (settings: SettingsOf<Name>) => Capabilities;
  /** Loads the code of a kind, and with it a cloud's SDK, only where a configuration names it. */
  readonly open: (settings: SettingsOf<Name>, surroundings: Surroundings) => Promise<Provider>;
};

/** The only list of provider names; `controls.ts` has the same one for whoever may change them. */
const kinds: { readonly [Name in KindName]: Kind<Name> } = {
  static: {
    ...staticList,
    open: async (...given) => (await import("./static/provider.ts")).createProvider(...given),
  },
  ecs: { ...ecs, open: async (...given) => (await import("./ecs/provider.ts")).createProvider(...given) },
  "cloud-run": {
    ...cloudRun,
    open: async (...given) => (await import("./cloud-run/provider.ts")).createProvider(...given),
  },
  "app-service": {
    ...appService,
    open: async (...given) => (await import("./app-service/provider.ts")).createProvider(...given),
  },
  "container-apps": {
    ...containerApps,
    open: async (...given) => (await import("./container-apps/provider.ts")).createProvider(...given),
  },
  kubernetes: {
    ...kubernetes,
    open: async (...given) => (await import("./kubernetes/provider.ts")).createProvider(...given),
  },
};

/** What a provider's backends cost and how they may be used, as it can be told without opening it. */
export function termsOf(settings: TermsSettings & { readonly kind: KindName }): Terms {
  return termsFrom(settings, kinds[settings.kind].defaults);
}

/** What a provider can do at all, as it can be told without opening it. */
export function capabilitiesOf<Name extends KindName>(settings: SettingsOf<Name>): Capabilities {
  const kind: Kind<Name> = kinds[settings.kind as Name];
  return kind.capabilitiesOf(settings);
}

/** Opens every provider of a configuration, or none. */
export async function openProviders(
  configured: Readonly<Record<string, ProviderSettings>>,
  surroundings: Surroundings = bare,
): Promise<ReadonlyMap<string, Provider>> {
  const openings = Object.entries(configured).map(
    ([name, given]) => [name, () => open(given, surroundings)] as const,
  );
  return openAll(Object.fromEntries(openings));
}

/** For whoever has no secrets to hand in. */
const bare: Surroundings = { clock: systemClock, chance: systemChance, env: {} };

function open<Name extends KindName>(
  settings: SettingsOf<Name>,
  surroundings: Surroundings,
): Promise<Provider> {
  const kind: Kind<Name> = kinds[settings.kind as Name];
  return kind.open(settings, surroundings);
}

function unknownKind(given: unknown): string {
  const { kind } = given as { readonly kind?: unknown };
  const expected = `expected one of ${Object.keys(kinds).join(", ")}`;
  return typeof kind === "string"
    ? `unknown kind "${kind.slice(0, 64)}", ${expected}`
    : `no kind, ${expected}`;
}
