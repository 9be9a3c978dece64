import { expect, test, vi } from "vitest";
import type { Revision } from "#adapters/control.ts";
import { permissions } from "#adapters/ecs/permissions.ts";
import { dryHand, type ProviderCall } from "#adapters/hand.ts";
import {
  type Bench,
  expectStable,
  newOf,
  patience,
  promoteNew,
  standNew,
} from "#test/support/clouds/control-bench.ts";
import { openEcsBench } from "#test/support/clouds/ecs/ecs-bench.ts";

const actionsTold = ({ told }: Bench): readonly string[] => told.map(({ action }) => action);

const candidateOf = async ({ status }: Bench): Promise<Revision | undefined> =>
  (await status()).revisions.find(({ role }) => role === "candidate");

test("a dry run on ECS tells the very requests of a rollout, a promotion and a rollback", async () => {
  const one = await openEcsBench();
  const told: ProviderCall[] = [];
  const dry = { ...one, hand: dryHand((call) => told.push(call)) };
  const made = await one.control.deploy(newOf(one), dry);
  const revision = await standNew(one);
  expect(made.revision).toBe(revision);
  await one.control.promote({ revision }, dry);
  await one.control.promote({ revision }, one);
  await expectStable(one, one.images.v2);
  await one.control.rollback({ revision }, dry);
  await one.control.rollback({ revision }, one);
  expect(told).toEqual(one.told);
  expect(actionsTold(one)).toEqual([
    "ecs:RegisterTaskDefinition",
    "ecs:UpdateService",
    "ecs:ContinueServiceDeployment",
    "ecs:UpdateService",
    "ecs:DeregisterTaskDefinition",
  ]);
  await expectStable(one, one.images.v1);
  expect((await one.status()).revisions.map(({ role }) => role)).toEqual(["stable"]);
});

test("the permissions that are asked for at AWS are those that a whole rollout takes", async () => {
  const one = await openEcsBench();
  const revision = await promoteNew(one);
  await one.stable.discover(one);
  await one.control.rollback({ revision }, one);
  await expectStable(one, one.images.v1);
  const again = await one.control.deploy({ ...newOf(one), id: "r2" }, one);
  await one.control.rollback(again, one);
  const heard = new Set(one.fake.calls().map(({ action }) => action));
  const listed = [...permissions.gateway, ...permissions.fleet];
  expect([...heard].filter((action) => !listed.includes(action))).toEqual([]);
  expect(listed.filter((action) => !heard.has(action))).toEqual(["ecs:TagResource", "iam:PassRole"]);
  expect(one.fake.problems()).toEqual([]);
});

test("goes on with an ECS rollout whose leader died after it registered the task definition", async () => {
  const one = await openEcsBench();
  one.fake.fail({ action: "ecs:UpdateService", times: 1, kind: "unavailable" });
  await expect(one.control.deploy(newOf(one), one)).rejects.toMatchObject({ code: "provider_unavailable" });
  const { revision } = await one.control.deploy(newOf(one), one);
  expect(revision).toBe("detect:2");
  expect(one.fake.cluster.definitions).toHaveLength(2);
  expect(actionsTold(one).filter((action) => action === "ecs:RegisterTaskDefinition")).toHaveLength(1);
});

test("strikes an ECS revision off when the leader died before it could", async () => {
  const one = await openEcsBench();
  const revision = await standNew(one);
  one.fake.fail({ action: "ecs:DeregisterTaskDefinition", times: 1, kind: "forbidden" });
  await expect(one.control.rollback({ revision }, one)).rejects.toMatchObject({
    code: "provider_forbidden",
    message: expect.stringContaining("ecs:DeregisterTaskDefinition"),
  });
  await one.control.rollback({ revision }, one);
  expect(actionsTold(one).filter((action) => action === "ecs:StopServiceDeployment")).toHaveLength(1);
  expect(one.fake.cluster.definitions.map(({ status }) => status)).toEqual(["ACTIVE", "INACTIVE"]);
  await expectStable(one, one.images.v1);
});

test("one rollout at a time stands on ECS, under one id, of one image", async () => {
  const one = await openEcsBench();
  await one.control.deploy(newOf(one), one);
  await expect(one.control.deploy({ ...newOf(one), id: "r2" }, one)).rejects.toMatchObject({
    code: "provider_conflict",
    message: expect.stringContaining("under way"),
  });
  await expect(one.control.deploy({ id: "r1", image: one.images.v1 }, one)).rejects.toMatchObject({
    code: "provider_conflict",
    message: expect.stringContaining("r1 was made already"),
  });
});

test.each([
  [{ image: "registry.example/detect:latest" }, "an image is deployed by its digest"],
  [{ id: "no good" }, "a deployment's id is"],
  [{ id: "a".repeat(21) }, "a deployment's id is"],
])("an ECS deployment with %j is refused before anything is asked", async (given, said) => {
  const one = await openEcsBench();
  await expect(one.control.deploy({ ...newOf(one), ...given }, one)).rejects.toMatchObject({
    code: "provider_refused",
    message: expect.stringContaining(said),
  });
  expect(one.fake.calls()).toEqual([]);
});

test("an ECS service that replaces tasks one by one takes no candidate, and says what would", async () => {
  const one = await openEcsBench({ settings: { strategy: "rolling" } });
  await expect(one.control.deploy(newOf(one), one)).rejects.toMatchObject({
    code: "provider_unsupported",
    hint: expect.stringContaining("blue-green"),
  });
});

test("an ECS service whose deployments are CodeDeploy's is left to it", async () => {
  const one = await openEcsBench({ fake: { controller: "CODE_DEPLOY" } });
  await expect(one.control.deploy(newOf(one), one)).rejects.toMatchObject({
    code: "provider_unsupported",
    message: expect.stringContaining("CODE_DEPLOY"),
  });
  expect(one.told).toEqual([]);
});

test("on ECS a candidate is promoted when it stands, and nothing else is", async () => {
  const one = await openEcsBench();
  const { revision } = await one.control.deploy(newOf(one), one);
  await expect(one.control.promote({ revision }, one)).rejects.toMatchObject({ code: "provider_conflict" });
  await expect(one.control.promote({ revision: "detect:9" }, one)).rejects.toMatchObject({
    code: "provider_missing",
  });
});

test("an ECS candidate that the breaker took back cannot be promoted, and says why", async () => {
  const one = await openEcsBench();
  const { revision } = await one.control.deploy({ id: "r1", image: one.images.broken }, one);
  await vi.waitFor(async () => expect(await candidateOf(one)).toMatchObject({ state: "failed" }), patience);
  expect(await candidateOf(one)).toMatchObject({ why: expect.stringContaining("circuit breaker") });
  await expect(one.control.promote({ revision }, one)).rejects.toMatchObject({
    code: "provider_conflict",
    message: expect.stringContaining("circuit breaker"),
  });
  const { troubles } = await one.status();
  expect(troubles).toContainEqual(expect.objectContaining({ kind: "health" }));
  expect(await one.control.deploy({ id: "r1", image: one.images.broken }, one)).toEqual({ revision });
  expect(actionsTold(one)).toHaveLength(2);
});

test("a promotion on ECS is taken back at once while the old tasks still stand", async () => {
  const one = await openEcsBench({ fake: { minuteMs: 10_000 }, settings: { bake: "1h" } });
  const revision = await standNew(one);
  await one.control.promote({ revision }, one);
  await vi.waitFor(async () => {
    const { revisions } = await one.status();
    expect(revisions.map(({ role, name }) => `${role} ${name}`)).toEqual([
      `stable ${revision}`,
      "previous detect:1",
    ]);
  }, patience);
  await one.control.rollback({ revision }, one);
  expect(actionsTold(one)).toContain("ecs:StopServiceDeployment");
  await expectStable(one, one.images.v1);
});

test("an ECS candidate that nobody decides about goes away and is told as failed", async () => {
  const one = await openEcsBench({ fake: { minuteMs: 0.1 } });
  await one.control.deploy(newOf(one), one);
  await vi.waitFor(async () => expect(await candidateOf(one)).toMatchObject({ state: "failed" }), patience);
  expect((await candidateOf(one))?.why).toContain("timed out");
});

test("what ECS gives a candidate of its traffic is said when it is deployed, and no other share is taken", async () => {
  const one = await openEcsBench();
  const revision = await standNew(one);
  await one.control.shift({ revision, share: 0 }, one);
  await expect(one.control.shift({ revision, share: 0.5 }, one)).rejects.toMatchObject({
    code: "provider_unsupported",
    hint: expect.stringContaining("step"),
  });
  await expect(one.control.shift({ revision: "detect:9", share: 0 }, one)).rejects.toMatchObject({
    code: "provider_missing",
  });
});

test("there is no way back on ECS where nothing was before", async () => {
  const one = await openEcsBench();
  await expect(one.control.rollback({ revision: "detect:1" }, one)).rejects.toMatchObject({
    code: "provider_missing",
    hint: expect.stringContaining("deploy"),
  });
  expect(one.told).toEqual([]);
});

test("a revision that ECS never had is not rolled back without a word", async () => {
  const one = await openEcsBench();
  await expect(one.control.rollback({ revision: "detect:99" }, one)).rejects.toMatchObject({
    code: "provider_missing",
    message: expect.stringContaining("no such task definition"),
  });
});

test("a service of ECS that sleeps takes a candidate that sleeps too", async () => {
  const one = await openEcsBench({ fake: { desiredCount: 0 } });
  const revision = await standNew(one);
  expect(await candidateOf(one)).toMatchObject({ running: 0, state: "ready" });
  await one.control.promote({ revision }, one);
  await expectStable(one, one.images.v2);
  expect(one.fake.problems()).toEqual([]);
});

test("ECS brings a revision in by linear steps once the word is given, and back in one", async () => {
  const one = await openEcsBench({
    fake: { hasLoadBalancer: true, minuteMs: 60 },
    settings: { strategy: "linear", step: "25%", stepBake: "1m" },
  });
  const revision = await standNew(one);
  await one.control.promote({ revision }, one);
  const shares = new Set<number>();
  await vi.waitFor(async () => {
    const { revisions, isSettled } = await one.status();
    for (const { name, share } of revisions) if (name === revision) shares.add(share);
    expect(isSettled).toBe(true);
  }, patience);
  expect([...shares].filter((share) => share > 0 && share < 1).length).toBeGreaterThan(0);
  expect(shares).toContain(1);
  await one.control.rollback({ revision }, one);
  await expectStable(one, one.images.v1);
  expect(one.fake.problems()).toEqual([]);
});

test("hooks and bounds that others gave an ECS service outlive our rollout", async () => {
  const one = await openEcsBench();
  const lambda = {
    targetType: "AWS_LAMBDA" as const,
    hookTargetArn: "arn:aws:lambda:eu-west-1:123456789012:function:check",
    roleArn: "arn:aws:iam::123456789012:role/hook",
    lifecycleStages: ["POST_SCALE_UP" as const],
  };
  one.fake.service.configuration = { strategy: "ROLLING", maximumPercent: 150, lifecycleHooks: [lambda] };
  const revision = await standNew(one);
  expect(one.fake.service.configuration).toMatchObject({ maximumPercent: 150 });
  expect(one.fake.service.configuration.lifecycleHooks).toHaveLength(2);
  await one.control.promote({ revision }, one);
  await expectStable(one, one.images.v2);
  await one.control.rollback({ revision }, one);
  expect(one.fake.service.configuration.lifecycleHooks).toEqual([lambda]);
});

test("a task definition that was deleted at AWS is nothing to go back to, and breaks no look at the service", async () => {
  const one = await openEcsBench();
  await promoteNew(one);
  expect((await one.status()).revisions.map(({ role }) => role)).toEqual(["stable", "previous"]);
  one.fake.cluster.definitions.shift();
  expect((await one.status()).revisions.map(({ role }) => role)).toEqual(["stable"]);
});

test("an ECS candidate is released once, however often and however soon it is promoted", async () => {
  const one = await openEcsBench({ fake: { everyMs: 150 } });
  const revision = await standNew(one);
  for (let times = 0; times < 3; times += 1) await one.control.promote({ revision }, one);
  await expectStable(one, one.images.v2);
  await one.control.promote({ revision }, one);
  const released = actionsTold(one).filter((action) => action === "ecs:ContinueServiceDeployment");
  expect(released).toHaveLength(1);
});

test("an ECS deployment that the list does not have yet is known by the service itself", async () => {
  const one = await openEcsBench();
  one.fake.service.isListedLate = true;
  const revision = await standNew(one);
  const changes = one.told.length;
  expect(await one.control.deploy(newOf(one), one)).toEqual({ revision });
  expect(one.told).toHaveLength(changes);
});
