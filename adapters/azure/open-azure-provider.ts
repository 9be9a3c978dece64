import { type Address, keepEndpoints } from "../kept-endpoints.ts";
import { createOpenInferenceClient } from "../open-inference.ts";
import type { Provider } from "../provider.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Terms } from "../terms.ts";
import type { AzureSettings } from "./azure-settings.ts";
import { letIn } from "./let-in.ts";

export type AzureProvider = {
  readonly kind: string;
  readonly terms: Terms;
  /** Where the backends stand now. */
  readonly addresses: (signal: AbortSignal) => Promise<readonly Address[]>;
};

/** An app moves seldom, and a candidate that comes or goes is to be noticed within a rollout's step. */
const rediscoverMs = 10_000;

export async function openAzureProvider(
  settings: AzureSettings,
  surroundings: Surroundings,
  { kind, terms, addresses }: AzureProvider,
): Promise<Provider> {
  const { authorize, refresh } = await letIn(settings, surroundings);
  const kept = keepEndpoints({
    open: (url) => createOpenInferenceClient({ url, authorize }),
    now: () => surroundings.clock.now(),
  });
  return {
    kind,
    terms,
    rediscoverMs,
    discover: async ({ signal }) => {
      const [here] = await Promise.all([addresses(signal), refresh()]);
      return kept.keep(here);
    },
    close: kept.close,
    [Symbol.asyncDispose]: kept.close,
  };
}
