import type { Capabilities } from "../capabilities.ts";
import type { KindDefaults } from "../terms-settings.ts";

export const defaults: KindDefaults = { billing: "provisioned", standing: true };

/** Whoever started these servers changes them; what is lost together is taken to be the first one's host. */
export function capabilitiesOf({ urls: [first = ""] }: { readonly urls: readonly string[] }): Capabilities {
  return {
    gpuLack: undefined,
    scale: "none",
    zero: false,
    deploy: false,
    shift: false,
    domain: URL.canParse(first) ? new URL(first).hostname : "static",
    promoteMs: 0,
  };
}
