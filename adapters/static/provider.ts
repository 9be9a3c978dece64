import { createOpenInferenceClient } from "../open-inference.ts";
import type { Provider } from "../provider.ts";
import type { Settings } from "./settings.ts";

/** A list of addresses is its own discovery. */
export function createProvider({ urls, usdPerRequest }: Settings): Provider {
  const endpoints = urls.map((url) => ({ url, client: createOpenInferenceClient({ url }) }));
  const close = async (): Promise<void> => {
    await Promise.all(endpoints.map(({ client }) => client.close()));
  };
  return {
    kind: "static",
    billing: { kind: usdPerRequest > 0 ? "request" : "provisioned", usdPerRequest },
    discover: async () => endpoints,
    close,
    [Symbol.asyncDispose]: close,
  };
}
