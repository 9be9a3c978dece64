import type { Capabilities } from "../capabilities.ts";
import type { KindDefaults } from "../terms-settings.ts";
import { type Pace, promotionMs } from "./promotion-time.ts";

export const defaults: KindDefaults = { billing: "provisioned", standing: false };

/** As much of the settings as says what the place can do. */
export type Placement = Pace & {
  readonly region: string;
  readonly launch: "ec2" | "managed-instances" | "fargate";
  readonly gpus: number;
  readonly endpoints: "tasks" | { readonly candidateUrl?: string | undefined };
};

export function capabilitiesOf(placement: Placement): Capabilities {
  return {
    gpuLack: gpuLackOf(placement),
    scale: "count",
    zero: true,
    deploy: deployLackOf(placement) === undefined,
    // How much of its load balancer's traffic a candidate gets is said once, when it is deployed.
    shift: false,
    domain: `aws/${placement.region}`,
    promoteMs: promotionMs(placement),
  };
}

/** Why no candidate can stand here, in words that go on after a subject; undefined where one can. */
export function deployLackOf({ strategy, endpoints }: Placement): string | undefined {
  if (strategy === "rolling")
    return "replaces its tasks one by one (strategy: rolling), so nothing ever stands beside them to be judged";
  if (endpoints !== "tasks" && endpoints.candidateUrl === undefined)
    return "is called by its load balancer, and no candidateUrl says where its test listener is";
  return undefined;
}

function gpuLackOf({ launch, gpus }: Placement): string | undefined {
  if (launch === "fargate")
    return "Fargate has no GPU; EC2 capacity providers (launch: ec2) and Managed Instances (launch: managed-instances) do";
  return gpus === 0 ? "its tasks ask for none (gpus: 0)" : undefined;
}
