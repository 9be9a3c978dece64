import { addressOf } from "../azure/address-of.ts";
import { openAzureProvider } from "../azure/open-azure-provider.ts";
import type { Address } from "../kept-endpoints.ts";
import type { Provider } from "../provider.ts";
import type { Surroundings } from "../surroundings.ts";
import { termsFrom } from "../terms-settings.ts";
import { defaults } from "./billing.ts";
import { candidateIn } from "./deployment-tags.ts";
import type { Settings } from "./settings.ts";
import { openWebApps, type WebApps } from "./web-apps.ts";

/** One address for all workers of the plan: App Service spreads the calls over them. */
export async function createProvider(settings: Settings, surroundings: Surroundings): Promise<Provider> {
  const apps = await openWebApps(settings, surroundings);
  const find = settings.revision === "candidate" ? candidateAddresses : stableAddresses;
  return openAzureProvider(settings, surroundings, {
    kind: settings.kind,
    terms: termsFrom(settings, defaults),
    addresses: (signal) => find(apps, settings, signal),
  });
}

type Find = (apps: WebApps, settings: Settings, signal: AbortSignal) => Promise<readonly Address[]>;

const stableAddresses: Find = async (apps, { app }, signal) => {
  const { state, availabilityState, defaultHostName } = await apps.production(signal);
  const answers = state === "Running" && availabilityState !== "DisasterRecoveryMode";
  return answers ? addressOf(defaultHostName, app) : [];
};

const candidateAddresses: Find = async (apps, _settings, signal) => {
  const [production, slot] = await Promise.all([apps.production(signal), apps.slot(signal)]);
  const id = candidateIn(slot, production);
  return slot?.state === "Running" ? addressOf(slot.defaultHostName, id) : [];
};
