import type { Authorize } from "../authorize.ts";
import { keepEndpoints } from "../kept-endpoints.ts";
import { createOpenInferenceClient } from "../open-inference.ts";
import type { Provider } from "../provider.ts";
import { retryCalmly } from "../retry-calmly.ts";
import type { Surroundings } from "../surroundings.ts";
import { termsFrom } from "../terms-settings.ts";
import { defaults } from "./billing.ts";
import { fetchIdentity } from "./fetch-identity.ts";
import { keepTokens } from "./identity-tokens.ts";
import { isCandidate, rolesOf } from "./plan-traffic.ts";
import { readService, type ServiceView } from "./read-service.ts";
import { openRunApi } from "./run-api.ts";
import type { Settings } from "./settings.ts";
import { untilAborted } from "./until-aborted.ts";

/** A service is one address, however many instances are behind it; its candidate has another by its tag. */
export async function createProvider(settings: Settings, surroundings: Surroundings): Promise<Provider> {
  const { clock, chance } = surroundings;
  const api = openRunApi(settings);
  const identity = keepIdentity(settings, surroundings);
  const open = (url: string) => createOpenInferenceClient({ url, ...identity.authorization });
  const endpoints = keepEndpoints({ open, now: clock.elapsed });
  const close = async (): Promise<void> => {
    await Promise.all([api.close(), endpoints.close()]);
  };
  return {
    kind: "cloud-run",
    terms: termsFrom(settings, defaults),
    rediscoverMs: 10_000,
    discover: async ({ signal }) => {
      const look = async (): Promise<ServiceView> => readService(await api.getService(signal));
      const view = await retryCalmly(look, { clock, chance, signal, mayRepeat: "all" });
      const addresses = settings.revision === "candidate" ? candidateOf(view) : stableOf(view, settings);
      if (addresses.length > 0 && view.url !== undefined)
        await untilAborted(identity.ready(view.url), signal);
      return endpoints.keep(addresses);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Found = readonly { readonly url: string; readonly name: string }[];

/** While it is changed it goes on to answer, and also when the change fails: so long as any revision has traffic. */
function stableOf({ url, actual }: ServiceView, { service }: Settings): Found {
  const answers = actual.some(({ percent }) => percent > 0);
  return url !== undefined && answers ? [{ url, name: service }] : [];
}

function candidateOf({ actual }: ServiceView): Found {
  const { candidate } = rolesOf(actual);
  const found = actual.find((share) => share.revision === candidate && isCandidate(share));
  return found?.url === undefined ? [] : [{ url: found.url, name: found.revision }];
}

type Identity = {
  readonly authorization: { readonly authorize?: Authorize };
  /** Resolves when calls can be authorized. */
  readonly ready: (serviceUrl: string) => Promise<void>;
};

/** Tokens are for the service, also where its candidate is called. */
function keepIdentity({ auth, audience, project }: Settings, { clock }: Surroundings): Identity {
  if (auth === "none") return { authorization: {}, ready: async () => {} };
  let tokens: ReturnType<typeof keepTokens> | undefined;
  let current: string | undefined;
  const use = (wanted: string): ReturnType<typeof keepTokens> => {
    if (tokens !== undefined && current === wanted) return tokens;
    current = wanted;
    tokens = keepTokens({ fetchToken: () => fetchIdentity(wanted, project), clock });
    return tokens;
  };
  return {
    authorization: { authorize: () => tokens?.headers() ?? [] },
    ready: (serviceUrl) => use(audience ?? serviceUrl).ready(),
  };
}
