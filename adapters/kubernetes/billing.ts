import type { Capabilities } from "../capabilities.ts";
import type { KindDefaults } from "../terms-settings.ts";

export const defaults: KindDefaults = { billing: "provisioned", standing: false };

/** Where a cluster is named: by its context, or by its address. */
export type ClusterName = { readonly context?: string | undefined; readonly api?: string | undefined };

/** Everything of one cluster is lost together, whatever its namespaces. */
export function capabilitiesOf({ context, api }: ClusterName): Capabilities {
  return {
    gpuLack: undefined,
    scale: "none",
    zero: false,
    deploy: false,
    shift: false,
    domain: `kubernetes/${context ?? api ?? "here"}`,
    promoteMs: 0,
  };
}
