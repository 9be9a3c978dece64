import { createOpenInferenceClient } from "../open-inference.ts";
import type { Provider } from "../provider.ts";
import { termsFrom } from "../terms-settings.ts";
import { defaults, type Settings } from "./settings.ts";

/** A list of addresses is its own discovery. */
export function createProvider(settings: Settings): Provider {
  const endpoints = settings.urls.map((url) => ({ url, client: createOpenInferenceClient({ url }) }));
  const close = async (): Promise<void> => {
    await Promise.all(endpoints.map(({ client }) => client.close()));
  };
  return {
    kind: "static",
    terms: termsFrom(settings, defaults),
    discover: async () => endpoints,
    close,
    [Symbol.asyncDispose]: close,
  };
}
