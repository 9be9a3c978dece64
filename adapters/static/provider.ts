import { keepEndpoints } from "../kept-endpoints.ts";
import { createOpenInferenceClient, type OpenInferenceClient } from "../open-inference.ts";
import type { Provider } from "../provider.ts";
import { createRestClient } from "../rest/create-client.ts";
import type { Surroundings } from "../surroundings.ts";
import { termsFrom } from "../terms-settings.ts";
import { defaults } from "./billing.ts";
import { openCredentials } from "./credentials.ts";
import { type LookUp, type Place, placeFinder } from "./resolve-places.ts";
import type { Settings } from "./settings.ts";

/** What can be reached under a list of addresses: each is a backend, or each place that its name has. */
export async function createProvider(
  settings: Settings,
  surroundings: Surroundings,
  { lookUp }: { readonly lookUp?: LookUp } = {},
): Promise<Provider> {
  const { urls, resolve, rediscover } = settings;
  const { authorize, changeMs, refresh } = await openCredentials(settings, surroundings);
  const places = new Map<string, Place>();
  const open = (url: string): OpenInferenceClient => {
    const { declared = url, at } = places.get(url) ?? {};
    const common = { url: declared, at, authorize };
    if (settings.wire !== "rest" || settings.rest === undefined) return createOpenInferenceClient(common);
    return createRestClient({ ...common, rest: settings.rest, chance: surroundings.chance });
  };
  const kept = keepEndpoints({ open, now: surroundings.clock.elapsed });
  const find = resolve === "dns" ? placeFinder(urls, lookUp) : undefined;
  const rediscoverMs = find ? rediscover : changeMs;
  return {
    kind: "static",
    terms: termsFrom(settings, defaults),
    ...(rediscoverMs !== undefined && { rediscoverMs }),
    discover: async (options) => {
      await refresh();
      if (!find) return kept.keep(urls.map((url) => ({ url })));
      const found = await find(options);
      places.clear();
      for (const place of found) places.set(place.url, place);
      return kept.keep(found.map(({ url, name }) => ({ url, name })));
    },
    close: kept.close,
    [Symbol.asyncDispose]: kept.close,
  };
}
