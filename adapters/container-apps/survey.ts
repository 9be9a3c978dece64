import type { ContainerApp, ManagedEnvironment } from "@azure/arm-appcontainers";
import { readArm } from "../azure/ask-arm.ts";
import { readResourceId, regionName } from "../azure/resource-id.ts";
import { takePages } from "../azure/take-pages.ts";
import { findPrice } from "../price-book.ts";
import type { FoundService, Survey } from "../survey.ts";
import { gpuProfiles } from "./billing.ts";
import { callOf, openClient } from "./container-apps.ts";

const kind = "container-apps";
const mostApps = 5_000;

/** The apps of some subscriptions that could be backends; their environments say which profiles have a GPU. */
export const survey: Survey = async ({ subscriptions, api, signal }, surroundings) => {
  const found: FoundService[] = [];
  for (const subscription of subscriptions) {
    const { containerApps, managedEnvironments } = await openClient({ subscription, api: api[kind] });
    const ending = { abortSignal: signal };
    const apps = await readArm(callOf("read", signal), surroundings, () =>
      takePages(containerApps.listBySubscription(ending), mostApps),
    );
    const environments = await readArm(
      { action: "Microsoft.App/managedEnvironments/read", signal },
      surroundings,
      () => takePages(managedEnvironments.listBySubscription(ending), mostApps),
    );
    const environmentOf = new Map(environments.map((one) => [one.id?.toLowerCase(), one]));
    for (const app of apps) {
      const id = app.environmentId ?? app.managedEnvironmentId;
      const service = describeFound(app, environmentOf.get(id?.toLowerCase()), subscription);
      if (service) found.push(service);
    }
  }
  return found;
};

function describeFound(
  app: ContainerApp,
  environment: ManagedEnvironment | undefined,
  subscription: string,
): FoundService | undefined {
  const place = readResourceId(app.id);
  if (!place) return undefined;
  const { ingress } = app.configuration ?? {};
  const gpu = gpuOf(app, environment);
  const price = `azure/container-apps/${gpu}`;
  const { minReplicas = 0, maxReplicas = 10 } = app.template?.scale ?? {};
  return {
    kind,
    name: place.name,
    settings: {
      subscription,
      resourceGroup: place.resourceGroup,
      region: regionName(app.location),
      app: place.name,
      ...(gpu !== undefined && { gpu }),
    },
    hasGpu: gpu !== undefined,
    price: findPrice(price) ? price : undefined,
    isProvisioned: false,
    notes: [
      `between ${minReplicas ?? 0} and ${maxReplicas ?? 10} replicas in the profile ${app.workloadProfileName ?? "Consumption"}`,
      ...(ingress?.external === false ? ["only its environment's own network reaches it"] : []),
    ],
    // One that has no address can be nobody's backend.
    ...(!ingress?.fqdn && { unfit: "it has no ingress, so nobody can call it" }),
  };
}

function gpuOf(
  { workloadProfileName }: ContainerApp,
  environment: ManagedEnvironment | undefined,
): keyof typeof gpuProfiles | undefined {
  const profile = environment?.workloadProfiles?.find(({ name }) => name === workloadProfileName);
  if (profile?.workloadProfileType === gpuProfiles.t4) return "t4";
  return profile?.workloadProfileType === gpuProfiles.a100 ? "a100" : undefined;
}
