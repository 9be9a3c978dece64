import { addressOf } from "../azure/address-of.ts";
import { readIfThere } from "../azure/ask-arm.ts";
import { openAzureProvider } from "../azure/open-azure-provider.ts";
import type { Address } from "../kept-endpoints.ts";
import type { Provider } from "../provider.ts";
import type { Surroundings } from "../surroundings.ts";
import { termsFrom } from "../terms-settings.ts";
import { defaults } from "./billing.ts";
import { type ContainerApps, openContainerApps } from "./container-apps.ts";
import type { Settings } from "./settings.ts";
import { candidateLabel, trafficOf } from "./who-stands.ts";

/** One address for all replicas, which also wakes the first of them. */
export async function createProvider(settings: Settings, surroundings: Surroundings): Promise<Provider> {
  const apps = await openContainerApps(settings, surroundings);
  const find = settings.revision === "candidate" ? candidateAddresses : stableAddresses;
  return openAzureProvider(settings, surroundings, {
    kind: settings.kind,
    terms: termsFrom(settings, defaults),
    addresses: (signal) => find(apps, settings, signal),
  });
}

type Find = (apps: ContainerApps, settings: Settings, signal: AbortSignal) => Promise<readonly Address[]>;

const stableAddresses: Find = async (apps, { app }, signal) => {
  const { configuration, runningStatus } = await apps.app(signal);
  return runningStatus === "Stopped" ? [] : addressOf(configuration?.ingress?.fqdn, app);
};

/** A revision has an address of its own, by which it is reached whatever its share is. */
const candidateAddresses: Find = async (apps, _settings, signal) => {
  const name = trafficOf(await apps.app(signal)).find(({ label }) => label === candidateLabel)?.revisionName;
  if (name === undefined) return [];
  const revision = await readIfThere(apps.revision(name, signal));
  return revision?.active === false ? [] : addressOf(revision?.fqdn, name);
};
