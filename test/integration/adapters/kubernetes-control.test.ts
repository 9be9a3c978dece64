import { expect, test, vi } from "vitest";
import { permissionsOf } from "#adapters/controls.ts";
import { dryHand } from "#adapters/hand.ts";
import { openCluster, patience, pod, put, soon } from "#test/support/clouds/kubernetes/open-cluster.ts";
import { versionOfImage } from "#test/support/clouds/light-world.ts";

const image = `registry/detector@sha256:${"1".repeat(64)}`;

test("pods that a deployment starts answer, and those that it stops are gone", async () => {
  const { cluster, provider, found } = await openCluster();
  await cluster.stand("detector", { image, pods: 2 });
  await vi.waitFor(async () => expect(await found()).toHaveLength(2), patience);
  for (const { client } of await provider.discover(soon()))
    expect((await client.describe("digits-s", soon())).version).toBe(versionOfImage(image));
  await cluster.stand("detector", { image, pods: 1 });
  await vi.waitFor(async () => expect(await found()).toHaveLength(1), patience);
});

test("its status has the pods, what the deployment wants, and the bounds of its autoscaler", async () => {
  const { cluster, control } = await openCluster({ candidateService: "detector-next" });
  await cluster.stand("detector", { image, pods: 2 });
  await cluster.stand("detector-next", { image, pods: 1 });
  cluster.autoscalers.push({
    spec: { maxReplicas: 9, minReplicas: 2, scaleTargetRef: { kind: "Deployment", name: "detector" } },
  });
  await vi.waitFor(async () => expect((await control.status(soon())).running).toBe(2), patience);
  const status = await control.status(soon());
  expect(status).toMatchObject({
    ...{ desired: 2, running: 2, pending: 0, isSettled: true, troubles: [] },
    bounds: { least: 2, most: 9 },
  });
  expect(status.revisions).toMatchObject([
    { name: "detector", role: "stable", image, share: 1, running: 2, state: "ready" },
    { name: "detector-next", role: "candidate", share: 0, running: 1, state: "ready" },
  ]);
});

test("a role that reads slices alone has a status all the same, with what it lacks", async () => {
  const { cluster, control } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"), pod("b", "10.0.0.2", { ready: false }));
  cluster.fail({ action: "get deployments.apps", times: 1, kind: "forbidden" });
  cluster.fail({ action: "list horizontalpodautoscalers.autoscaling", times: 1, kind: "forbidden" });
  const { troubles, ...status } = await control.status(soon());
  expect(status).toMatchObject({ desired: 2, running: 1, pending: 1 });
  expect(troubles.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "permission get deployments.apps",
    "permission list horizontalpodautoscalers.autoscaling",
  ]);
});

test("a deployment that cannot go on says so, with the quota's name", async () => {
  const { cluster, control } = await openCluster();
  await cluster.stand("detector", { image, pods: 1 });
  const found = cluster.deployments.get("detector");
  const lastTransitionTime = new Date(1_790_000_000_000);
  const quota = "pods is forbidden: exceeded quota: gpu-quota, requested: 1";
  cluster.deployments.set("detector", {
    ...found,
    metadata: { ...found?.metadata, generation: 2 },
    status: {
      ...found?.status,
      conditions: [
        {
          type: "ReplicaFailure",
          status: "True",
          reason: "FailedCreate",
          message: quota,
          lastTransitionTime,
        },
        { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" },
        { type: "Available", status: "True" },
      ],
    },
  });
  const { troubles, isSettled } = await control.status(soon());
  expect(isSettled).toBe(false);
  expect(troubles).toMatchObject([
    { kind: "quota", name: "gpu-quota", at: 1_790_000_000_000 },
    { kind: "health", name: "ProgressDeadlineExceeded" },
  ]);
});

test("a cluster is only looked at: every change is refused with who makes it, and nothing is called for it", async () => {
  const { cluster, control } = await openCluster();
  const changing = { hand: dryHand(() => {}), ...soon() };
  const deployment = { id: "r1", image };
  const refused = [
    [control.scale({ count: 2 }, changing), /HPA.*KEDA/],
    [control.deploy(deployment, changing), /candidateService/],
    [control.shift({ revision: "r1", share: 0.1 }, changing), /canary of a route/],
    [control.promote({ revision: "r1" }, changing), /deploys by itself/],
    [control.rollback({ revision: "r1" }, changing), /kubectl rollout undo/],
    [control.wake({ instances: 1 }, changing), /minReplicas/],
  ] as const;
  for (const [asked, why] of refused) {
    await expect(asked).rejects.toMatchObject({
      code: "provider_unsupported",
      message: expect.stringMatching(why),
    });
  }
  expect(cluster.calls()).toEqual([]);
});

test("each plane asks for what its permissions list, and for nothing else", async () => {
  const { cluster, control, found } = await openCluster();
  await cluster.stand("detector", { image, pods: 1 });
  const { gateway, fleet } = await permissionsOf("kubernetes");
  await found();
  await vi.waitFor(() => expect(cluster.watches()).toBe(1), patience);
  expect(new Set(cluster.calls().map(({ action }) => action))).toEqual(new Set(gateway));
  await control.status(soon());
  expect(new Set(cluster.calls().map(({ action }) => action))).toEqual(new Set([...gateway, ...fleet]));
  expect(cluster.problems()).toEqual([]);
});
