import type { z } from "zod";
import { capabilitiesOf, type ProviderSettings } from "#adapters/registry.ts";
import type { RouteSettings } from "./route.ts";

type Parts = {
  readonly models: Readonly<Record<string, { readonly gpu: boolean }>>;
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  readonly routes: readonly RouteSettings[];
};

/** Refuses to send a model that needs a GPU to where there is none, with what that place says and where else it could go. */
export function placeForGpu({ models, providers, routes }: Parts, context: z.core.$RefinementCtx): void {
  for (const [index, { models: served, failover, canary, shadow }] of routes.entries()) {
    const needing = served.find((model) => models[model]?.gpu);
    if (needing === undefined) continue;
    const say = (provider: string | undefined, ...path: readonly (string | number)[]): void => {
      const settings = provider === undefined ? undefined : providers[provider];
      const lack = settings && capabilitiesOf(settings).gpuLack;
      if (lack === undefined) return;
      const message = `model "${needing}" needs a GPU, and "${provider}" has none: ${lack}`;
      context.addIssue({ code: "custom", path: ["routes", index, ...path], message });
    };
    for (const [row, group] of failover.entries())
      for (const [place, { provider }] of group.entries()) say(provider, "failover", row, place);
    say(canary?.provider, "canary", "provider");
    say(shadow?.provider, "shadow", "provider");
  }
}
