import { expect, test, vi } from "vitest";
import { survey } from "#adapters/container-apps/survey.ts";
import { azureHolds } from "#test/support/clouds/azure/azure-contract.ts";
import { containerAppsSubject, images, openContainerApp } from "#test/support/clouds/azure/open-subject.ts";
import {
  expectStable,
  openBench,
  patience,
  promoteNew,
  standNew,
} from "#test/support/clouds/control-bench.ts";
import { describeControl } from "#test/support/clouds/control-contract.ts";
import { createLightWorld, versionOfImage } from "#test/support/clouds/light-world.ts";
import type { World } from "#test/support/clouds/world.ts";

describeControl(containerAppsSubject);

azureHolds({
  ...containerAppsSubject,
  unheard: [
    "Microsoft.App/managedEnvironments/join/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
  ],
  begins: "Microsoft.App/containerApps/write",
  asks: "Microsoft.App/locations/containerappOperationStatuses/read",
});

test("a container app's variables go on to the next revision, and what is told shows none of them", async () => {
  const env = { SECRET_WORD: "hush", TRADEWIND_MODELS: "/models/one" };
  const subject = await openContainerApp({ env });
  const bench = await openBench(async () => subject);
  await bench.control.deploy({ id: "r1", image: images.v2 }, bench);
  expect(JSON.stringify(bench.told)).not.toContain("hush");
  expect(JSON.stringify(bench.told)).toContain("/models/one");
  const [first] = subject.fake.app.latest?.template.containers ?? [];
  expect(first?.env).toEqual([
    { name: "SECRET_WORD", value: "hush" },
    { name: "TRADEWIND_MODELS", value: "/models/one" },
    { name: "TRADEWIND_DEPLOYMENT", value: "r1" },
  ]);
  expect(bench.fake.problems()).toEqual([]);
});

test("other bounds of a container app lose no call, since the new revision stands before the old one goes", async () => {
  const bench = await openBench(containerAppsSubject.open);
  const [endpoint] = await bench.stable.discover(bench);
  let isScaled = false;
  const scaled = bench.control.scale({ least: 2, most: 3 }, bench).then(() => {
    isScaled = true;
  });
  let answers = 0;
  while (!isScaled) {
    await endpoint?.client.describe("digits-s", bench);
    answers += 1;
  }
  await scaled;
  expect(answers).toBeGreaterThan(3);
  expect((await bench.status()).bounds).toEqual({ least: 2, most: 3 });
});

test("a candidate of a container app keeps its label and its share while the other one gets other bounds", async () => {
  const bench = await openBench(containerAppsSubject.open);
  const revision = await standNew(bench);
  await bench.control.shift({ revision, share: 0.1 }, bench);
  await bench.control.scale({ least: 2, most: 3 }, bench);
  const { revisions } = await bench.status();
  expect(revisions).toMatchObject([
    { role: "stable", image: images.v1, share: 0.9, running: 2 },
    { role: "candidate", id: "r1", share: 0.1 },
  ]);
});

test("a sleeping container app is woken by a call, and how long that took is told", async () => {
  const subject = await openContainerApp({ least: 0, idleMs: 300 });
  const bench = await openBench(async () => subject);
  await vi.waitFor(async () => expect((await bench.status()).desired).toBe(0), patience);
  expect((await bench.status()).revisions).toMatchObject([{ role: "stable", state: "ready", running: 0 }]);
  const [endpoint] = await bench.stable.discover(bench);
  let isAwake = false;
  const woken = endpoint?.client.describe("digits-s", bench).then(({ version }) => {
    isAwake = true;
    return version;
  });
  while (!isAwake) await bench.status();
  expect(await woken).toBe(versionOfImage(images.v1));
  const { coldStarts } = await bench.status();
  expect(coldStarts).toHaveLength(1);
  expect(coldStarts[0]?.ms).toBeLessThan(5_000);
});

test("a container app that follows its latest revision does not follow a candidate", async () => {
  const subject = await openContainerApp();
  const bench = await openBench(async () => subject);
  await standNew(bench);
  const { app } = subject.fake;
  expect(app.mode).toBe("Multiple");
  expect(app.traffic).toMatchObject([
    { revisionName: "detector-gpu--first", weight: 100 },
    { weight: 0, label: "candidate" },
  ]);
});

test("a promotion lets the one before stand only where that costs nothing", async () => {
  for (const least of [0, 1]) {
    const subject = await openContainerApp({ least });
    const bench = await openBench(async () => subject);
    const revision = await promoteNew(bench);
    expect(subject.fake.app.revisions.get("detector-gpu--first")?.active).toBe(least === 0);
    expect((await bench.status()).revisions[1]).toMatchObject({ role: "previous", image: images.v1 });
    await bench.control.rollback({ revision }, bench);
    await expectStable(bench, images.v1);
    const active = [...subject.fake.app.revisions.values()].filter((one) => one.active);
    expect(active.map(({ name }) => name)).toEqual(["detector-gpu--first"]);
  }
});

test("another deployment takes the place of a container app's candidate, which is not paid for any longer", async () => {
  const subject = await openContainerApp();
  const bench = await openBench(async () => subject);
  await standNew(bench);
  await bench.control.deploy({ id: "r2", image: images.v2 }, bench);
  const { revisions } = await bench.status();
  expect(revisions.filter(({ role }) => role === "candidate")).toMatchObject([{ id: "r2" }]);
  const active = [...subject.fake.app.revisions.values()].filter((one) => one.active);
  expect(active).toHaveLength(2);
});

test("a container app in a profile without a GPU is refused where a GPU is promised", async () => {
  const bench = await openBench(() => openContainerApp({ profile: "Consumption" }));
  await expect(bench.control.deploy({ id: "r1", image: images.v2 }, bench)).rejects.toMatchObject({
    code: "provider_unsupported",
    hint: expect.stringContaining("Consumption-GPU-NC8as-T4"),
  });
  expect(bench.told).toEqual([]);
});

test("a container app's replicas are not counted by us", async () => {
  const bench = await openBench(containerAppsSubject.open);
  await expect(bench.control.scale({ count: 2 }, bench)).rejects.toMatchObject({
    code: "provider_unsupported",
  });
});

test("a revision of other bounds that cannot stand goes again, and the one before goes on", async () => {
  const light = createLightWorld();
  let isBroken = false;
  const world: World = {
    ...light,
    start: (order) => light.start(isBroken ? { ...order, image: images.broken } : order),
  };
  const subject = await openContainerApp({ world });
  const bench = await openBench(async () => subject);
  isBroken = true;
  await expect(bench.control.scale({ least: 2 }, bench)).rejects.toMatchObject({
    code: "provider_refused",
    message: expect.stringContaining("its image cannot run"),
  });
  isBroken = false;
  const active = [...subject.fake.app.revisions.values()].filter((one) => one.active);
  expect(active.map(({ name }) => name)).toEqual(["detector-gpu--first"]);
  await bench.control.scale({ least: 2 }, bench);
  expect((await bench.status()).bounds).toEqual({ least: 2, most: 2 });
});

test("finds the container apps of a subscription, with the GPU of their profile", async () => {
  await using subject = await openContainerApp();
  const { fake, surroundings } = subject;
  const scope = {
    regions: [],
    projects: [],
    subscriptions: [fake.place.subscription],
    api: { "container-apps": fake.url },
    signal: AbortSignal.timeout(10_000),
  };
  expect(await survey(scope, surroundings)).toEqual([
    {
      kind: "container-apps",
      name: "detector-gpu",
      settings: { ...fake.place, gpu: "t4" },
      hasGpu: true,
      price: "azure/container-apps/t4",
      isProvisioned: false,
      notes: ["between 1 and 2 replicas in the profile gpu-t4"],
    },
  ]);
  expect(
    await survey({ ...scope, subscriptions: ["00000000-0000-4000-8000-000000000009"] }, surroundings),
  ).toEqual([]);
});
