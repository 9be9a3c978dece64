import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Provider } from "./provider.ts";
import { settings as staticSettings } from "./static/settings.ts";

type Kind = {
  readonly settings: z.ZodType;
  /** Loads the code of this kind, and with it a cloud's SDK, only where the configuration names it. */
  readonly open: (settings: unknown) => Promise<Provider>;
};

/** The only list of provider names. */
const kinds: Readonly<Record<string, Kind>> = {
  static: {
    settings: staticSettings,
    open: async (given) => (await import("./static/provider.ts")).createProvider(staticSettings.parse(given)),
  },
};

/** Kinds that a configuration may already name, so that it can be written today; opening one is refused by name. */
const planned: readonly string[] = ["ecs", "cloud-run", "app-service", "container-apps", "kubernetes"];

export type ProviderSettings = { readonly kind: string };

/** One entry under `providers`: its kind decides what else it may hold. */
export const providerSchema = z.looseObject({ kind: z.string() }).superRefine((given, context) => {
  const kind = Object.hasOwn(kinds, given.kind) ? kinds[given.kind] : undefined;
  if (kind) {
    for (const { path, message } of kind.settings.safeParse(given).error?.issues ?? []) {
      context.addIssue({ code: "custom", path, message });
    }
  } else if (!planned.includes(given.kind)) {
    const message = `unknown kind "${given.kind}", expected one of ${[...Object.keys(kinds), ...planned].join(", ")}`;
    context.addIssue({ code: "custom", path: ["kind"], message });
  }
});

/** Opens every provider of a configuration, or none, naming each that this version can't. */
export async function openProviders(
  configured: Readonly<Record<string, ProviderSettings>>,
): Promise<ReadonlyMap<string, Provider>> {
  const refused = Object.entries(configured).filter(([, { kind }]) => !Object.hasOwn(kinds, kind));
  if (refused.length > 0) {
    const list = refused.map(([name, { kind }]) => `${name} (kind ${kind})`).join(", ");
    const hint = `available in this version: ${Object.keys(kinds).join(", ")}`;
    throw new TradewindError("config_invalid", `providers not available yet: ${list}`, { hint });
  }
  const opened = Object.entries(configured).map(async ([name, given]) => [name, await open(given)] as const);
  return new Map(await Promise.all(opened));
}

function open(given: ProviderSettings): Promise<Provider> {
  const kind = kinds[given.kind];
  if (!kind) throw new TradewindError("config_invalid", `provider kind ${given.kind} is not available yet`);
  return kind.open(given);
}
