import { holdSecret } from "../held-secret.ts";
import { keepEndpoints } from "../kept-endpoints.ts";
import { createOpenInferenceClient } from "../open-inference.ts";
import type { Provider } from "../provider.ts";
import { signCalls } from "../sign-calls.ts";
import type { Surroundings } from "../surroundings.ts";
import { termsFrom } from "../terms-settings.ts";
import { defaults } from "./billing.ts";
import { followSlices } from "./follow-slices.ts";
import { openApi } from "./open-api.ts";
import { podsOf } from "./read-slice.ts";
import type { Settings } from "./settings.ts";

/** The ready pods behind a service, as its slices tell of them while they change. */
export async function createProvider(settings: Settings, surroundings: Surroundings): Promise<Provider> {
  const { namespace, scheme, sign, rediscover } = settings;
  const service = followedService(settings);
  const secret = sign && (await holdSecret(sign.secret, surroundings));
  const authorize = secret && signCalls({ secret: secret.now, ...surroundings });
  const api = await openApi(settings, surroundings);
  const followed = followSlices({ api, service, ...surroundings });
  const places = new Map<string, string>();
  const kept = keepEndpoints({
    open: (url) => {
      const declared = `${scheme}://${service}.${namespace}.svc:${new URL(url).port || portOf(scheme)}`;
      return createOpenInferenceClient({ url: declared, at: places.get(url), authorize });
    },
    now: surroundings.clock.elapsed,
  });
  const close = async (): Promise<void> => {
    await Promise.all([followed.close(), kept.close()]);
  };
  return {
    kind: "kubernetes",
    terms: termsFrom(settings, defaults),
    rediscoverMs: rediscover,
    discover: async ({ signal }) => {
      await secret?.refresh();
      const pods = podsOf(await followed.now({ signal }), settings).filter(({ state }) => state === "ready");
      places.clear();
      for (const { url, at } of pods) places.set(url, at);
      return kept.keep(pods.map(({ url, name }) => ({ url, name })));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function followedService({ service, candidateService, revision }: Settings): string {
  return revision === "candidate" ? (candidateService ?? service) : service;
}

function portOf(scheme: Settings["scheme"]): number {
  return scheme === "https" ? 443 : 80;
}
