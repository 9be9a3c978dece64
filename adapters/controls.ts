import type { ProviderControl } from "./control.ts";
import type { Permissions } from "./permissions.ts";
import type { KindName, ProviderSettings } from "./registry.ts";
import type { Surroundings } from "./surroundings.ts";

type SettingsOf<Kind extends KindName> = Extract<ProviderSettings, { readonly kind: Kind }>;

type Control<Name extends KindName> = {
  readonly open: (settings: SettingsOf<Name>, surroundings: Surroundings) => Promise<ProviderControl>;
  readonly permissions: () => Promise<Permissions>;
};

/** For whoever may change clouds; the process that answers images never loads this. */
const controls: { readonly [Name in KindName]: Control<Name> } = {
  static: {
    open: async (...given) => (await import("./static/control.ts")).createControl(...given),
    permissions: async () => (await import("./static/permissions.ts")).permissions,
  },
  ecs: {
    open: async (...given) => (await import("./ecs/control.ts")).createControl(...given),
    permissions: async () => (await import("./ecs/permissions.ts")).permissions,
  },
  "cloud-run": {
    open: async (...given) => (await import("./cloud-run/control.ts")).createControl(...given),
    permissions: async () => (await import("./cloud-run/permissions.ts")).permissions,
  },
  "app-service": {
    open: async (...given) => (await import("./app-service/control.ts")).createControl(...given),
    permissions: async () => (await import("./app-service/permissions.ts")).permissions,
  },
  "container-apps": {
    open: async (...given) => (await import("./container-apps/control.ts")).createControl(...given),
    permissions: async () => (await import("./container-apps/permissions.ts")).permissions,
  },
  kubernetes: {
    open: async (...given) => (await import("./kubernetes/control.ts")).createControl(...given),
    permissions: async () => (await import("./kubernetes/permissions.ts")).permissions,
  },
};

/** Opens what one provider is changed with. */
export function openControl<Name extends KindName>(
  settings: SettingsOf<Name>,
  surroundings: Surroundings,
): Promise<ProviderControl> {
  const control: Control<Name> = controls[settings.kind as Name];
  return control.open(settings, surroundings);
}

/** What the two processes must be allowed there. */
export function permissionsOf(kind: KindName): Promise<Permissions> {
  return controls[kind].permissions();
}
