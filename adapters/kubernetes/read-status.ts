import type { V1Deployment } from "@kubernetes/client-node";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { ProviderStatus, Revision, Trouble } from "../control.ts";
import type { KubernetesApi } from "./open-api.ts";
import { type Pod, podsOf } from "./read-slice.ts";
import type { Settings } from "./settings.ts";

/** What the service's pods say, and beside it what its deployment and its autoscaler say to those who may ask. */
export async function readStatus(
  api: KubernetesApi,
  settings: Settings,
  signal: AbortSignal,
): Promise<ProviderStatus> {
  const { service, candidateService, deployment: name = service } = settings;
  const pods = async (of: string): Promise<readonly Pod[]> =>
    podsOf((await api.list(of, signal)).slices, settings);
  const troubles: Trouble[] = [];
  const unlessForbidden = async <Answer>(asked: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await asked;
    } catch (thrown) {
      troubles.push(troubleOf(thrown));
      return undefined;
    }
  };
  const [stable, candidate, deployment, autoscalers] = await Promise.all([
    pods(service),
    candidateService === undefined ? [] : pods(candidateService),
    unlessForbidden(api.deployment(name, signal)),
    unlessForbidden(api.autoscalers(signal)),
  ]);
  const scaler = autoscalers?.find(({ spec }) => spec?.scaleTargetRef?.name === name)?.spec;
  const running = count(stable, "ready");
  return {
    desired: deployment?.spec?.replicas ?? stable.length - count(stable, "leaving"),
    running,
    pending: count(stable, "unready"),
    ...(scaler && { bounds: { least: scaler.minReplicas ?? 1, most: scaler.maxReplicas } }),
    revisions: [
      ...revisionOf("stable", service, stable, imageOf(deployment)),
      ...revisionOf("candidate", candidateService ?? "", candidate, undefined),
    ],
    coldStarts: [],
    troubles: [...troubles, ...complaintsOf(deployment)],
    isSettled: isSettled(deployment),
  };
}

/** A role that may not read these is worth a word and no failure: the pods are what counts. */
function troubleOf(thrown: unknown): Trouble {
  const { code, message } = asTradewindError(thrown);
  if (code !== "provider_forbidden" && code !== "provider_missing") throw thrown;
  const action = /"([^"]+)"/.exec(message)?.[1];
  return {
    kind: code === "provider_forbidden" ? "permission" : "other",
    name: action,
    message,
    at: undefined,
  };
}

function count(pods: readonly Pod[], state: Pod["state"]): number {
  return pods.filter((pod) => pod.state === state).length;
}

function revisionOf(
  role: "stable" | "candidate",
  name: string,
  pods: readonly Pod[],
  image: string | undefined,
): Revision[] {
  if (pods.length === 0) return [];
  const [running, pending] = [count(pods, "ready"), count(pods, "unready")];
  return [
    {
      ...{ name, role, image, running, pending },
      ...{ models: undefined, id: undefined, url: undefined, why: undefined },
      // How a mesh or an ingress parts traffic is its own affair.
      share: role === "stable" ? 1 : 0,
      state: running > 0 ? "ready" : "starting",
    },
  ];
}

function imageOf(deployment: V1Deployment | undefined): string | undefined {
  return deployment?.spec?.template?.spec?.containers?.[0]?.image;
}

function isSettled(deployment: V1Deployment | undefined): boolean {
  if (!deployment) return true;
  const { spec, status, metadata } = deployment;
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return false;
  const wanted = spec?.replicas ?? 1;
  return (status?.updatedReplicas ?? 0) >= wanted && (status?.availableReplicas ?? 0) >= wanted;
}

/** Conditions by which a deployment says that it cannot go on. */
function complaintsOf(deployment: V1Deployment | undefined): Trouble[] {
  return (deployment?.status?.conditions ?? []).slice(0, 20).flatMap((condition): Trouble[] => {
    const { type, status, reason, lastTransitionTime } = condition;
    const message = `${reason ?? type}: ${condition.message ?? ""}`.slice(0, 500);
    const at = lastTransitionTime instanceof Date ? lastTransitionTime.getTime() : undefined;
    const quota = /exceeded quota: ([^,\s]{1,253})/.exec(message)?.[1];
    if (type === "ReplicaFailure" && status === "True")
      return [{ kind: quota === undefined ? "capacity" : "quota", name: quota, message, at }];
    if (type !== "Progressing" || status !== "False") return [];
    return [{ kind: "health", name: reason, message, at }];
  });
}
