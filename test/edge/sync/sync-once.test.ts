import { expect, test } from "vitest";
import { syncOnce } from "#edge/sync/sync-once.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { deviceParts, listNaming, model, planOf, trustIn } from "#test/support/edge/device-parts.ts";

const { signal } = new AbortController();

test("a release that was published between the lists and the plan is in the lists that are fetched then", async () => {
  const { parts, told } = await deviceParts(1);
  let list = listNaming(1);
  const trust = trustIn(() => list);
  parts.memo.trust = trust;
  const plan = async () => {
    list = listNaming(1, 2);
    return planOf({ model, release: 2, why: "rollout", rollout: "er_2" });
  };
  await syncOnce({ ...parts, client: { ...parts.client, plan } }, { signal });
  expect(trust.refreshes()).toBe(2);
  // It is on its way, though nobody is there who has it.
  expect(told.at(-1)?.models[0]?.failure?.cause).toBe("download_failed");
});

test("a plan that names what no list names yet is not told of as a release that failed", async () => {
  const { parts, told, runs } = await deviceParts(1);
  parts.memo.trust = trustIn(() => listNaming(1));
  const plan = async () => planOf({ model, release: 2, why: "rollout", rollout: "er_2" });
  const { failed } = await syncOnce({ ...parts, client: { ...parts.client, plan } }, { signal });
  expect(failed).toBeUndefined();
  expect(told.at(-1)?.models).toEqual([
    expect.objectContaining({ state: "syncing", wanted: 2, failure: null, rollout: "er_2" }),
  ]);
  expect(runs.get(model)?.release).toBe(1);
});

test("what is known already is not asked for twice", async () => {
  const { parts } = await deviceParts(1);
  const trust = trustIn(() => listNaming(1));
  parts.memo.trust = trust;
  const plan = async () =>
    planOf({ model, release: 1, why: "steady" }, { model: "other", release: null, why: "steady" });
  parts.memo.plan = await plan();
  await syncOnce({ ...parts, client: { ...parts.client, plan } }, { signal });
  expect(trust.refreshes()).toBe(1);
});

test("without a plan, a device still says what it runs and why updates rest", async () => {
  const { parts, told } = await deviceParts(1);
  parts.memo.trust = trustIn(() => listNaming(1));
  const plan = () => Promise.reject(new TradewindError("repository_unreachable", "nobody answers"));
  const { failed } = await syncOnce({ ...parts, client: { ...parts.client, plan } }, { signal });
  expect(failed?.code).toBe("repository_unreachable");
  expect(told.at(-1)).toMatchObject({ trouble: "repository_unreachable: nobody answers" });
  expect(told.at(-1)?.models[0]).toMatchObject({ active: { release: 1 } });
});
