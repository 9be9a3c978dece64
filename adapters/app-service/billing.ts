import type { Capabilities } from "../capabilities.ts";
import type { KindDefaults } from "../terms-settings.ts";

export const defaults: KindDefaults = { billing: "provisioned", standing: false };

export function capabilitiesOf({ region }: { readonly region: string }): Capabilities {
  return {
    gpuLack: "App Service has no GPU: it is for the int8 copies of models; container-apps has GPUs in Azure",
    scale: "count",
    zero: false,
    deploy: true,
    shift: true,
    domain: `azure/${region}`,
    promoteMs: 0,
  };
}
