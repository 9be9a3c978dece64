import type {
  Revision as AppRevision,
  ContainerApp,
  ContainerAppsAPIClient,
  Replica,
} from "@azure/arm-appcontainers";
import type { ArmCall } from "../azure/arm-call.ts";
import { armOptions } from "../azure/arm-options.ts";
import { readArm } from "../azure/ask-arm.ts";
import { azureCredential } from "../azure/credential.ts";
import { takePages } from "../azure/take-pages.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Settings } from "./settings.ts";

/** What is asked of Container Apps about one app. */
export type ContainerApps = {
  readonly client: ContainerAppsAPIClient;
  readonly app: (signal: AbortSignal) => Promise<ContainerApp>;
  readonly revisions: (signal: AbortSignal) => Promise<readonly AppRevision[]>;
  readonly revision: (name: string, signal: AbortSignal) => Promise<AppRevision>;
  readonly replicas: (revision: string, signal: AbortSignal) => Promise<readonly Replica[]>;
};

/** An app keeps a hundred inactive revisions unless it is told otherwise. */
const mostRevisions = 1_000;

export async function openContainerApps(
  settings: Settings,
  surroundings: Surroundings,
): Promise<ContainerApps> {
  const { resourceGroup, app } = settings;
  const client = await openClient(settings);
  const { containerApps, containerAppsRevisions, containerAppsRevisionReplicas } = client;
  const read = <Answer>(
    action: string,
    signal: AbortSignal,
    ask: (options: { readonly abortSignal: AbortSignal }) => PromiseLike<Answer>,
  ) => readArm(callOf(action, signal), surroundings, () => ask({ abortSignal: signal }));
  return {
    client,
    app: (signal) => read("read", signal, (ending) => containerApps.get(resourceGroup, app, ending)),
    revisions: (signal) =>
      read("revisions/read", signal, (ending) =>
        takePages(containerAppsRevisions.listRevisions(resourceGroup, app, ending), mostRevisions),
      ),
    revision: (name, signal) =>
      read("revisions/read", signal, (ending) =>
        containerAppsRevisions.getRevision(resourceGroup, app, name, ending),
      ),
    replicas: async (revision, signal) => {
      const { value } = await read("revisions/replicas/read", signal, (ending) =>
        containerAppsRevisionReplicas.listReplicas(resourceGroup, app, revision, ending),
      );
      return value ?? [];
    },
  };
}

export async function openClient(place: {
  readonly subscription: string;
  readonly api?: string | undefined;
}): Promise<ContainerAppsAPIClient> {
  const { ContainerAppsAPIClient } = await import("@azure/arm-appcontainers");
  return new ContainerAppsAPIClient(await azureCredential(), place.subscription, armOptions(place));
}

export function callOf(action: string, signal: AbortSignal): ArmCall {
  return { action: `Microsoft.App/containerApps/${action}`, signal };
}
