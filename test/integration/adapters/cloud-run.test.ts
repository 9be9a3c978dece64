import { expect, test, vi } from "vitest";
import { survey } from "#adapters/cloud-run/survey.ts";
import { permissionsOf } from "#adapters/controls.ts";
import { dryHand, type ProviderCall } from "#adapters/hand.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { openPlace as open } from "#test/support/clouds/cloud-run/open-place.ts";
import { cloudRunSubject } from "#test/support/clouds/cloud-run/open-subject.ts";
import { describeControl } from "#test/support/clouds/control-contract.ts";

describeControl(cloudRunSubject("grpc"));
describeControl(cloudRunSubject("rest"));

const both = ["grpc", "rest"] as const;

test.each(both)("two who change a service at once over %s both have what they wanted", async (transport) => {
  const { control, live, signal, fake } = await open({ transport });
  await Promise.all([control.scale({ least: 0 }, live), control.scale({ most: 7 }, live)]);
  expect((await control.status({ signal })).bounds).toEqual({ least: 0, most: 7 });
  expect(fake.problems()).toEqual([]);
});

test.each(both)("a conflict over %s is met by reading again, once", async (transport) => {
  const { control, live, fake, told } = await open({ transport });
  fake.fail({ action: "run.services.update", times: 1, kind: "conflict" });
  await control.scale({ most: 5 }, live);
  expect(told).toHaveLength(2);
  fake.fail({ action: "run.services.update", times: 2, kind: "conflict" });
  await expect(control.scale({ most: 6 }, live)).rejects.toMatchObject({ code: "provider_conflict" });
  expect(told).toHaveLength(4);
});

test.each(both)("a region without room is said to be full over %s, not over its quota", async (transport) => {
  const { control, live, fake } = await open({ transport });
  fake.fail({ action: "run.services.update", times: 1, kind: "full" });
  await expect(control.scale({ most: 5 }, live)).rejects.toMatchObject({ code: "provider_full" });
});

test.each(both)("the quota that is exceeded is named over %s", async (transport) => {
  const { control, live, fake } = await open({ transport });
  fake.fail({ action: "run.services.update", times: 1, kind: "quota" });
  const failed = await control.scale({ most: 5 }, live).catch(asTradewindError);
  expect(failed).toMatchObject({ code: "provider_quota" });
  expect(String(failed)).toContain("NvidiaL4GpuAllocNoZonalRedundancyPerProjectRegion");
});

test.each(both)("a dry run says each request over %s to the letter", async (transport) => {
  const { control, live, images, told, signal, stand } = await open({ transport });
  const dryly: ProviderCall[] = [];
  const dry = { hand: dryHand((call) => dryly.push(call)), signal };
  await control.deploy({ id: "r1", image: images.v2 }, dry);
  const revision = await stand("r1", images.v2);
  await control.shift({ revision, share: 0.1 }, dry);
  await control.shift({ revision, share: 0.1 }, live);
  await control.promote({ revision }, dry);
  await control.promote({ revision }, live);
  await control.rollback({ revision }, dry);
  await control.rollback({ revision }, live);
  expect(dryly).toHaveLength(4);
  expect(told).toEqual(dryly);
});

test.each(both)("each permission is needed over %s, and none beside them", async (transport) => {
  const { control, live, images, fake, stand, provider, versionAt, signal } = await open({ transport });
  await versionAt(await provider("stable"));
  const revision = await stand("r1", images.v2);
  await control.promote({ revision }, live);
  const { gateway, fleet } = await permissionsOf("cloud-run");
  const heard = new Set(fake.calls().map(({ action }) => action));
  // Whether the identity of the instances may be lent is asked by the platform itself.
  const wanted = [...gateway, ...fleet].filter((action) => action !== "iam.serviceAccounts.actAs");
  expect([...heard].sort()).toEqual(wanted.sort());
  expect(signal.aborted).toBe(false);
});

test("models that a deployment does not name are those of what answers, not of what was taken back", async () => {
  const { control, live, images, stand, signal } = await open();
  const failed = await stand("r1", images.v2, "/models/wrong");
  await control.rollback({ revision: failed }, live);
  const next = await stand("r2", images.v2);
  const { revisions } = await control.status({ signal });
  expect(revisions.find(({ name }) => name === next)?.models).toBe("/models/one");
});

test("a deployment that was taken back and is asked for again is not made again", async () => {
  const { control, live, images, stand, told } = await open();
  const revision = await stand("r1", images.v2);
  await control.rollback({ revision }, live);
  expect(await stand("r1", images.v2)).toBe(revision);
  expect(told.at(-1)?.request).toMatchObject({ updateMask: { paths: ["traffic"] } });
});

test("a candidate that failed is not promoted", async () => {
  const { control, live, images, signal } = await open();
  const { revision } = await control.deploy({ id: "r1", image: images.broken }, live);
  await vi.waitFor(async () => {
    const { revisions, troubles } = await control.status({ signal });
    expect(revisions.find(({ name }) => name === revision)?.state).toBe("failed");
    expect(troubles[0]).toMatchObject({ kind: "health" });
  });
  await expect(control.promote({ revision }, live)).rejects.toMatchObject({ code: "provider_refused" });
  await expect(control.promote({ revision: "../r1" }, live)).rejects.toMatchObject({
    code: "provider_missing",
  });
});

test("a change that nobody may follow is looked for in the service itself", async () => {
  const { control, live, images, stand, fake, signal } = await open({ settleMs: 1 });
  const revision = await stand("r1", images.v2);
  fake.fail({ action: "run.operations.get", times: 99, kind: "forbidden" });
  await control.shift({ revision, share: 0.5 }, live);
  expect((await control.status({ signal })).revisions[1]).toMatchObject({ name: revision, share: 0.5 });
});

test("a change that nobody may follow and that is not there yet is a failure", async () => {
  const { control, live, images, stand, fake } = await open({ settleMs: 400 });
  const revision = await stand("r1", images.v2);
  fake.fail({ action: "run.operations.get", times: 99, kind: "forbidden" });
  const failed = await control.shift({ revision, share: 0.5 }, live).then(() => undefined, asTradewindError);
  expect(failed).toMatchObject({ code: "provider_forbidden" });
  expect(failed?.message).toContain("run.operations.get");
});

test("a change is waited for no longer than the signal says", async () => {
  const { control, live, images, stand } = await open({ settleMs: 400 });
  const revision = await stand("r1", images.v2);
  const brief = { ...live, signal: AbortSignal.timeout(150) };
  await expect(control.shift({ revision, share: 0.5 }, brief)).rejects.toMatchObject({
    code: "deadline_exceeded",
  });
});

test.each(both)("what somebody else has set is sent over %s again, and told to nobody", async (transport) => {
  const variable = { name: "DATABASE_URL", value: "postgres://hush" };
  const { control, live, images, told, fake } = await open({ transport, variables: [variable] });
  await control.deploy({ id: "r1", image: images.v2 }, live);
  expect(JSON.stringify(told)).not.toContain("hush");
  const sent = fake.calls().find(({ action }) => action === "run.services.update");
  expect(JSON.stringify(sent)).toContain("hush");
});

test("services of a project are found in every region, with their size, their GPU and a price", async () => {
  const { fake, surroundings, signal, images } = await open();
  const cpu = { image: images.v1, resources: { limits: { cpu: "4", memory: "8Gi" }, cpuIdle: true } };
  for (const service of ["tiny", "asleep"])
    await fake.platform.put({ service, template: { containers: [cpu] }, most: 9 });
  const scope = { regions: [], projects: ["team-vision"], subscriptions: [] };
  const found = await survey({ ...scope, api: { "cloud-run": fake.grpcUrl }, signal }, surroundings);
  const place = { project: "team-vision", region: "europe-west4" };
  expect(found).toEqual([
    {
      kind: "cloud-run",
      name: "digits",
      settings: { ...place, service: "digits", gpu: "nvidia-l4" },
      hasGpu: true,
      price: "gcp/cloud-run/l4",
      isProvisioned: false,
      notes: ["1 to 3 instances of 4 vCPU and 16Gi with one nvidia-l4"],
    },
    expect.objectContaining({
      name: "tiny",
      hasGpu: false,
      price: "gcp/cloud-run/cpu-4x8/request",
      settings: { ...place, service: "tiny" },
    }),
    expect.objectContaining({ name: "asleep", notes: ["0 to 9 instances of 4 vCPU and 8Gi"] }),
  ]);
  expect(fake.problems()).toEqual([]);
});

test("regions that are closed to a project are passed by, unless all of them are", async () => {
  const { fake, surroundings, signal } = await open();
  const scope = { regions: [], projects: ["team-vision"], subscriptions: [], signal };
  const ask = () => survey({ ...scope, api: { "cloud-run": fake.grpcUrl } }, surroundings);
  fake.fail({ action: "run.services.list", times: 3, kind: "forbidden" });
  expect(await ask()).toHaveLength(1);
  fake.fail({ action: "run.services.list", times: 999, kind: "forbidden" });
  await expect(ask()).rejects.toMatchObject({
    code: "provider_forbidden",
    message: expect.stringContaining("run.services.list"),
  });
});
