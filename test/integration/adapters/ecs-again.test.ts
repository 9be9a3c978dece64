import { expect, test, vi } from "vitest";
import { expectStable, newOf, patience, promoteNew } from "#test/support/clouds/control-bench.ts";
import { openEcsBench } from "#test/support/clouds/ecs/ecs-bench.ts";

test("what somebody else has set in a task of ECS is sent again, and told to nobody", async () => {
  const one = await openEcsBench({ fake: { env: { DB_PASSWORD: "hush" } } });
  await one.control.deploy(newOf(one), one);
  expect(JSON.stringify(one.fake.cluster.definitions.at(-1))).toContain("hush");
  expect(JSON.stringify(one.told)).not.toContain("hush");
  expect(JSON.stringify(one.told)).toContain("DB_PASSWORD");
});

test("a way back on ECS that is asked for again leads to the same revision and to none before it", async () => {
  const one = await openEcsBench();
  await promoteNew(one);
  const third = await one.control.deploy({ ...newOf(one), id: "r2", models: "/models/three" }, one);
  await vi.waitFor(async () => {
    const { revisions } = await one.status();
    expect(revisions.find(({ role }) => role === "candidate")).toMatchObject({ state: "ready" });
  }, patience);
  await one.control.promote(third, one);
  await vi.waitFor(async () => {
    const { revisions, isSettled } = await one.status();
    expect(revisions[0]).toMatchObject({ role: "stable", name: third.revision });
    expect(isSettled).toBe(true);
  }, patience);
  one.fake.fail({ action: "ecs:DeregisterTaskDefinition", times: 1, kind: "unavailable" });
  await expect(one.control.rollback(third, one)).rejects.toMatchObject({ code: "provider_unavailable" });
  await one.control.rollback(third, one);
  const updates = one.told.filter(({ action }) => action === "ecs:UpdateService");
  expect(updates).toHaveLength(3);
  expect(updates.at(-1)).toMatchObject({ request: { taskDefinition: "detect:2" } });
  await expectStable(one, one.images.v2);
  expect(one.fake.cluster.definitions.map(({ status }) => status)).toEqual(["ACTIVE", "ACTIVE", "INACTIVE"]);
});

test("a way back on ECS ends nothing that somebody else brings in meanwhile", async () => {
  const one = await openEcsBench();
  const revision = await promoteNew(one);
  await one.control.deploy({ ...newOf(one), id: "r2", models: "/models/three" }, one);
  const changes = one.told.length;
  await expect(one.control.rollback({ revision }, one)).rejects.toMatchObject({
    code: "provider_conflict",
    message: expect.stringContaining("detect:3"),
  });
  expect(one.told).toHaveLength(changes);
});
