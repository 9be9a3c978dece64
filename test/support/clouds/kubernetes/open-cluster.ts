import { onTestFinished } from "vitest";
import { openControl } from "#adapters/controls.ts";
import { openProviders, providerSchema } from "#adapters/registry.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { createLightWorld } from "../light-world.ts";
import { type ClusterFake, sliceOf, startCluster } from "./start-cluster.ts";

export const list = "list endpointslices.discovery.k8s.io";
export const watch = "watch endpointslices.discovery.k8s.io";
export const patience = { timeout: 8_000, interval: 20 };
export const soon = () => ({ signal: AbortSignal.timeout(20_000) });

/** A cluster until the test's end, and both planes of a provider that follows a service of it. */
export async function openCluster(more: object = {}, service = "detector") {
  const world = createLightWorld();
  const cluster = await startCluster({ world });
  const settings = providerSchema.parse({
    kind: "kubernetes",
    namespace: cluster.namespace,
    service,
    ...more,
  });
  if (settings.kind !== "kubernetes") throw new Error("another kind");
  const surroundings = { clock: systemClock, chance: systemChance, env: cluster.env };
  const provider = (await openProviders({ pods: settings }, surroundings)).get("pods");
  if (!provider) throw new Error("no provider");
  const control = await openControl(settings, surroundings);
  const troubles: unknown[] = [];
  const unsubscribe = sideConcernSkipped.subscribe(({ error }) => troubles.push(error));
  onTestFinished(async () => {
    unsubscribe();
    for (const one of [provider, control, provider, control]) await one.close();
    await cluster.close();
    await world.close();
  });
  const found = async () => (await provider.discover(soon())).map(({ url, name }) => `${name} ${url}`);
  return { cluster, world, provider, control, found, troubles, settings };
}

export const pod = (name: string, address: string, conditions: object = { ready: true }) => ({
  addresses: [address],
  conditions,
  targetRef: { kind: "Pod", name },
});

export const put = (cluster: ClusterFake, name: string, ...endpoints: readonly ReturnType<typeof pod>[]) =>
  cluster.put(sliceOf({ name, service: "detector", endpoints }));
