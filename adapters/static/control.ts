import type { ProviderControl } from "../control.ts";
import { declaredPrice } from "../declared-price.ts";
import { type Refusals, refuseChanges } from "../refuse-changes.ts";
import type { Surroundings } from "../surroundings.ts";
import { capabilitiesOf, defaults } from "./billing.ts";
import { createProvider } from "./provider.ts";
import { readStatus } from "./read-status.ts";
import type { Settings } from "./settings.ts";

/** What stands at these addresses can be looked at; whoever started it is the one who can change it. */
export async function createControl(
  settings: Settings,
  surroundings: Surroundings,
): Promise<ProviderControl> {
  const provider = await createProvider(settings, surroundings);
  return {
    kind: "static",
    capabilities: capabilitiesOf(settings),
    status: async ({ signal }) => readStatus(await provider.discover({ signal }), settings.wire, signal),
    ...refuseChanges(refusals),
    price: async () => declaredPrice(settings, defaults),
    close: provider.close,
    [Symbol.asyncDispose]: provider.close,
  };
}

const owner = "whoever started these servers";

const refusals: Refusals = {
  scale: `a list of addresses cannot be scaled: ${owner} starts more of them, and adds their addresses here`,
  deploy: `a list of addresses cannot be deployed to: ${owner} starts the new version, as a provider of its own`,
  shift: "a list of addresses parts no traffic: give the new version a share by the canary of a route",
  promote: `a list of addresses has no candidate: ${owner} exchanges what stands there`,
  rollback: `a list of addresses keeps nothing to go back to: ${owner} exchanges what stands there`,
  wake: `a list of addresses cannot be woken: ${owner} starts them`,
};
