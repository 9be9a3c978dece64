import type { Permissions } from "../permissions.ts";

/** Verbs and resources, as a Role in the namespace has them. */
export const permissions: Permissions = {
  gateway: ["list endpointslices.discovery.k8s.io", "watch endpointslices.discovery.k8s.io"],
  fleet: ["get deployments.apps", "list horizontalpodautoscalers.autoscaling"],
};
