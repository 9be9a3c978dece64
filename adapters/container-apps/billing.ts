import type { Capabilities } from "../capabilities.ts";
import type { KindDefaults } from "../terms-settings.ts";

export const defaults: KindDefaults = { billing: "instance", standing: false };

/** What a workload profile with a GPU is called by Azure; an environment may call its own of this type as it likes. */
export const gpuProfiles = { t4: "Consumption-GPU-NC8as-T4", a100: "Consumption-GPU-NC24-A100" } as const;

type Placed = { readonly gpu: "none" | keyof typeof gpuProfiles; readonly region: string };

export function capabilitiesOf({ gpu, region }: Placed): Capabilities {
  return {
    gpuLack: gpu === "none" ? `${lack}: say gpu: t4 or gpu: a100 where its profile has one` : undefined,
    scale: "bounds",
    zero: true,
    deploy: true,
    shift: true,
    domain: `azure/${region}`,
    promoteMs: 0,
  };
}

const lack = "this app is in no workload profile with a GPU";
