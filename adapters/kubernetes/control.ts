import type { ProviderControl } from "../control.ts";
import { declaredPrice } from "../declared-price.ts";
import { type Refusals, refuseChanges } from "../refuse-changes.ts";
import { retryCalmly } from "../retry-calmly.ts";
import type { Surroundings } from "../surroundings.ts";
import { capabilitiesOf, defaults } from "./billing.ts";
import { openApi } from "./open-api.ts";
import { readStatus } from "./read-status.ts";
import type { Settings } from "./settings.ts";

/** A cluster is looked at and never changed: it has its own ways to scale and to deploy, and two would fight. */
export async function createControl(
  settings: Settings,
  surroundings: Surroundings,
): Promise<ProviderControl> {
  const api = await openApi(settings, surroundings);
  const close = async (): Promise<void> => {};
  return {
    kind: "kubernetes",
    capabilities: capabilitiesOf(settings),
    status: ({ signal }) =>
      retryCalmly(() => readStatus(api, settings, signal), { ...surroundings, signal, mayRepeat: "all" }),
    ...refuseChanges(refusals),
    price: async () => declaredPrice(settings, defaults),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const refusals: Refusals = {
  scale:
    "pods are scaled by the cluster's own autoscaler: set minReplicas and maxReplicas of its HPA, or KEDA's minReplicaCount and maxReplicaCount",
  deploy:
    "a cluster deploys by itself: put the new version behind a service of its own, and name it as candidateService",
  shift:
    "a cluster's ingress or mesh parts its traffic: give the candidate a share by the canary of a route instead",
  promote: "a cluster deploys by itself: give the deployment behind the service the new image",
  rollback: "a cluster rolls back by itself: kubectl rollout undo, or whatever deploys there",
  wake: "pods are started by the cluster's own autoscaler: raise minReplicas of its HPA or minReplicaCount of KEDA",
};
