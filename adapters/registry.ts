import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Provider } from "./provider.ts";
import { defaults as staticDefaults, settings as staticSettings } from "./static/settings.ts";
import type { Terms } from "./terms.ts";
import {
  checkTerms,
  type KindDefaults,
  type TermsSettings,
  termsFrom,
  termsShape,
} from "./terms-settings.ts";

/** The only list of provider names, with what each one's keys mean where they are not given. */
const kinds = {
  static: staticDefaults,
  ecs: { billing: "provisioned", standing: false },
  "cloud-run": { billing: "instance", standing: false },
  "app-service": { billing: "provisioned", standing: false },
  "container-apps": { billing: "instance", standing: false },
  kubernetes: { billing: "provisioned", standing: false },
} as const satisfies Readonly<Record<string, KindDefaults>>;

type KindName = keyof typeof kinds;

/** One entry under `providers`: its kind decides what else it may hold. */
export const providerSchema = z.discriminatedUnion(
  "kind",
  [
    staticSettings,
    planned("ecs"),
    planned("cloud-run"),
    planned("app-service"),
    planned("container-apps"),
    planned("kubernetes"),
  ],
  { error: ({ code, input }) => (code === "invalid_union" ? unknownKind(input) : undefined) },
);

/** What one entry says, with durations in milliseconds. */
export type ProviderSettings = z.output<typeof providerSchema>;

/** What a provider's backends cost and how they may be used, as it can be told without opening it. */
export function termsOf(settings: TermsSettings & { readonly kind: KindName }): Terms {
  return termsFrom(settings, kinds[settings.kind]);
}

/** Opens every provider of a configuration, or none, naming each that this version can't. */
export async function openProviders(
  configured: Readonly<Record<string, ProviderSettings>>,
): Promise<ReadonlyMap<string, Provider>> {
  const refused = Object.entries(configured).filter(([, { kind }]) => !isAvailable(kind));
  if (refused.length > 0) {
    const list = refused.map(([name, { kind }]) => `${name} (kind ${kind})`).join(", ");
    const hint = `available in this version: ${available.join(", ")}`;
    throw new TradewindError("config_invalid", `providers not available yet: ${list}`, { hint });
  }
  const opened = Object.entries(configured).map(async ([name, given]) => [name, await open(given)] as const);
  return new Map(await Promise.all(opened));
}

/** Whether this version can open such a provider. */
export function isAvailable(kind: string): boolean {
  return available.includes(kind);
}

const available: readonly string[] = ["static"] satisfies readonly KindName[];

/** Loads the code of a kind, and with it a cloud's SDK, only where the configuration names it. */
async function open(settings: ProviderSettings): Promise<Provider> {
  if (settings.kind === "static") return (await import("./static/provider.ts")).createProvider(settings);
  throw new TradewindError("config_invalid", `provider kind ${settings.kind} is not available yet`);
}

/** A kind that a configuration may already name, so that it can be written today; its own keys are not looked at. */
function planned<Kind extends KindName>(kind: Kind) {
  return z
    .looseObject({ kind: z.literal(kind), ...termsShape })
    .superRefine(checkTerms(kinds[kind]), besideOthers);
}

function unknownKind(given: unknown): string {
  const { kind } = given as { readonly kind?: unknown };
  const expected = `expected one of ${Object.keys(kinds).join(", ")}`;
  return typeof kind === "string"
    ? `unknown kind "${kind.slice(0, 64)}", ${expected}`
    : `no kind, ${expected}`;
}
