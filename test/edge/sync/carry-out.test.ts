import { expect, test } from "vitest";
import { modelOf } from "#edge/store/model-state.ts";
import { beginTrial } from "#edge/store/steps.ts";
import { carryOut } from "#edge/sync/carry-out.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { deviceParts, listNaming, model, planOf, trustIn } from "#test/support/edge/device-parts.ts";
import { smallRelease } from "#test/support/edge/small-release.ts";

const { signal } = new AbortController();
const hashOf = (release: number): string => smallRelease(release).slot.sha256;

test("what ran before runs again where that is planned, and nothing is fetched", async () => {
  const { parts, store, runs } = await deviceParts(1, 2);
  parts.memo.trust = trustIn(() => listNaming(1, 2));
  parts.memo.plan = planOf({ model, release: 1, why: "rollback" });
  await carryOut(parts, { signal });
  expect(runs.get(model)?.release).toBe(1);
  expect(modelOf(store.state, model)).toMatchObject({ active: { release: 1 }, floor: 2 });
});

test("a revoked release is gone from the disk though the plan still names it, and is not brought again", async () => {
  const { parts, shelf, runs } = await deviceParts(1, 2);
  const revoked = { schema: 1 as const, kind: "revocations" as const, model, sha256: [hashOf(2)], below: 0 };
  parts.memo.trust = trustIn(() => ({ ...listNaming(1, 2), revocations: [revoked] }));
  parts.memo.plan = planOf({ model, release: 2, why: "rollout" });
  await carryOut(parts, { signal });
  expect(runs.get(model)?.release).toBe(1);
  expect((await shelf.list()).map(({ sha256 }) => sha256)).toEqual([hashOf(1)]);
  expect(parts.memo.failures.get(model)).toMatchObject({ cause: "revoked", release: 2 });
});

test("a trial of what is no longer wanted ends, and what is planned is looked at in the same sync", async () => {
  const { parts, store, runs } = await deviceParts(1, 2);
  await store.change((state) => beginTrial(state, model, { slot: smallRelease(3).slot }));
  parts.memo.trust = trustIn(() => listNaming(1, 2, 3));
  parts.memo.plan = planOf({ model, release: 1, why: "rollback" });
  await carryOut(parts, { signal });
  expect(modelOf(store.state, model)).toMatchObject({ trial: null, active: { release: 1 } });
  expect(runs.get(model)?.release).toBe(1);
});

test("what fails for one model is told of it, and the other's turn comes all the same", async () => {
  const { parts, runs } = await deviceParts(1, 2);
  parts.memo.trust = trustIn(() => listNaming(1, 2));
  parts.memo.plan = planOf(
    { model: "a-model", release: 5, why: "rollout" },
    { model, release: 1, why: "rollback" },
  );
  const { artefact } = smallRelease(5);
  const other = { ...artefact, about: { ...artefact.about, model: "a-model", target: "arm64" as const } };
  const list = listNaming(1, 2);
  parts.memo.trust = trustIn(() => ({ ...list, artefacts: [...list.artefacts, other] }));
  await carryOut(parts, { signal });
  expect(parts.memo.failures.get("a-model")).toMatchObject({ cause: "no_artefact", release: 5 });
  expect(runs.get(model)?.release).toBe(1);
});

test("a failure that is over is forgotten", async () => {
  const { parts } = await deviceParts(1);
  parts.memo.trust = trustIn(() => listNaming(1));
  parts.memo.plan = planOf({ model, release: 1, why: "steady" });
  parts.memo.failures.set(model, { cause: "download_failed", release: 2, detail: "it was away" });
  await carryOut(parts, { signal });
  expect(parts.memo.failures.size).toBe(0);
});

test("an end of the process is nobody's failure", async () => {
  const { parts } = await deviceParts(1, 2);
  parts.memo.trust = trustIn(() => listNaming(1, 2));
  parts.memo.plan = planOf({ model, release: 1, why: "rollback" });
  const running = {
    ...parts.running,
    turnTo: () => Promise.reject(new TradewindError("draining", "this device is shutting down")),
  };
  await expect(carryOut({ ...parts, running }, { signal })).rejects.toMatchObject({ code: "draining" });
  expect(parts.memo.failures.size).toBe(0);
});

test.each(["rollback", "revocation"])(
  "at a %s what is known of the one before is recalled before it answers",
  async (why) => {
    const { parts } = await deviceParts(1, 2);
    const revoked = {
      schema: 1 as const,
      kind: "revocations" as const,
      model,
      sha256: [hashOf(2)],
      below: 0,
    };
    const revocations = why === "revocation" ? [revoked] : [];
    parts.memo.trust = trustIn(() => ({ ...listNaming(1, 2), revocations }));
    parts.memo.plan = planOf({ model, release: 1, why: "rollback" });
    const order: string[] = [];
    const { turnTo } = parts.running;
    const running: typeof parts.running = {
      ...parts.running,
      turnTo: async (next, patience) => {
        order.push(`answers as ${next.release}`);
        await turnTo(next, patience);
      },
    };
    const health = { ...parts.health, follow: () => void order.push("recalled") };
    await carryOut({ ...parts, running, health }, { signal });
    expect(order).toEqual(["recalled", "answers as 1"]);
  },
);
