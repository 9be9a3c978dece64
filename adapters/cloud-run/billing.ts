import type { Capabilities } from "../capabilities.ts";
import type { KindDefaults } from "../terms-settings.ts";

export const defaults: KindDefaults = { billing: "instance", standing: false };

export function capabilitiesOf(settings: { readonly region: string; readonly gpu: string }): Capabilities {
  return {
    gpuLack:
      settings.gpu === "none"
        ? "no GPU is declared for this Cloud Run service; set gpu: nvidia-l4 or gpu: nvidia-rtx-pro-6000 on it, in a region that has them"
        : undefined,
    scale: "bounds",
    zero: true,
    deploy: true,
    shift: true,
    domain: `gcp/${settings.region}`,
    promoteMs: 0,
  };
}
