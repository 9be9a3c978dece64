import { expect, test } from "vitest";
import type { Running, RunningModels } from "#edge/answer/running-model.ts";
import { noPace } from "#edge/fetch/pace.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf } from "#edge/store/shelf.ts";
import { activate, beginTrial, quarantine } from "#edge/store/steps.ts";
import { bringModel } from "#edge/sync/bring-model.ts";
import { createMemo, type SyncParts } from "#edge/sync/sync-parts.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createMemoryDisk } from "#test/support/edge/memory-disk.ts";
import { smallRelease } from "#test/support/edge/small-release.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const model = "digits-n";
const { signal } = new AbortController();
const away = () => Promise.reject(new Error("nobody is asked for this"));

/** The bytes of one release under the number of another, as a publisher goes back to them. */
function again(release: number, number: number) {
  const { artefact } = smallRelease(release);
  const { about } = smallRelease(number).artefact;
  const file = { path: about.golden.path, address: about.golden.path, bytes: 1, sha256: "0".repeat(64) };
  return { artefact: { ...artefact, about }, golden: file, blocks: file };
}

/** A device that ran these releases, with their files, and no line to anybody. */
async function deviceAfter(...releases: readonly number[]) {
  const [fs, clock] = [createMemoryDisk(), createFakeClock()];
  const [store, shelf] = [await openState({ fs, folder: "/device" }), openShelf({ fs, folder: "/device" })];
  for (const { artefact, golden, slot, bytes } of releases.map((release) => smallRelease(release))) {
    const path = await shelf.prepare(artefact.sha256, { signal });
    await (await fs.open(path)).writeAt(0, bytes);
    await shelf.put({ artefact, golden }, { signal });
    await store.change((state) => beginTrial(state, model, { slot }));
    await store.change((state) => activate(state, model, { now: 1, agreement: 1 }));
  }
  let runs = { release: releases.at(-1) ?? 0, sha256: modelOf(store.state, model).active?.sha256 ?? "" };
  const running: RunningModels = {
    find: () => runs as Running,
    ...{ lease: () => undefined, names: () => [model], drop: async () => {} },
    turnTo: async ({ release, sha256 }) => {
      runs = { release, sha256 };
    },
    onAnswer: () => ({ [Symbol.dispose]: () => {} }),
    [Symbol.asyncDispose]: async () => {},
  };
  const tried: number[] = [];
  const parts: SyncParts = {
    ...{ fs, folder: "/device", store, shelf, running, clock, chance: systemChance, pace: noPace },
    machine: { target: "any", agent: "1.0.0", memoryMb: 100 },
    client: { enrol: away, plan: away, report: away, rotate: away, time: away },
    ...{ origins: [], openTrust: away, builtIn: new Map(), only: undefined, window: undefined },
    health: { follow: () => {}, note: async () => {}, usualOf: () => null },
    tryModel: async ({ about }) => {
      tried.push(about.release);
      return { held: true, agreement: 1_000_000 };
    },
    memo: createMemo(0),
    log: createLog({ name: "test", level: "silent" }),
  };
  return { parts, store, tried, runs: () => runs };
}

test("what runs already may come under a higher number, and is neither fetched nor tried", async () => {
  const { parts, store, tried, runs } = await deviceAfter(1);
  await bringModel(again(1, 3), parts, { signal });
  expect(modelOf(store.state, model)).toMatchObject({
    active: { release: 3, version: "v3", sha256: smallRelease(1).slot.sha256 },
    ...{ previous: null, trial: null, floor: 3 },
  });
  expect(runs().release).toBe(3);
  expect(tried).toEqual([]);
});

test("what ran before may come under a higher number, is not fetched, and what runs is kept behind it", async () => {
  const { parts, store, tried, runs } = await deviceAfter(1, 2);
  await bringModel(again(1, 3), parts, { signal });
  expect(modelOf(store.state, model)).toMatchObject({
    active: { release: 3, sha256: smallRelease(1).slot.sha256 },
    ...{ previous: smallRelease(2).slot, floor: 3 },
  });
  expect(tried).toEqual([3]);
  expect(runs().release).toBe(3);
});

test("what ran is condensed at the switch, and stays what the new one is held against", async () => {
  const { parts, store } = await deviceAfter(1, 2);
  const usual = { images: 300, failed: 1, lowestScore: 0.7, fewest: 1, most: 6, slowestMs: 20 };
  const health = { ...parts.health, usualOf: (name: string) => (name === model ? usual : null) };
  await bringModel(again(1, 3), { ...parts, health }, { signal });
  expect(modelOf(store.state, model).probation).toMatchObject({ before: usual, images: 0, seen: [] });
});

/** As if it had been fetched already. */
async function laidOnShelf(release: number, { fs, shelf }: Pick<SyncParts, "fs" | "shelf">) {
  const { artefact, golden, bytes } = smallRelease(release);
  const path = await shelf.prepare(artefact.sha256, { signal });
  await (await fs.open(path)).writeAt(0, bytes);
  await shelf.put({ artefact, golden }, { signal });
  return again(release, release);
}

test("a release that cannot be opened leaves what runs as it was, on its probation too, and that is watched on", async () => {
  const { parts, store } = await deviceAfter(1, 2);
  const before = modelOf(store.state, model);
  const bringing = await laidOnShelf(3, parts);
  const followed: unknown[] = [];
  const follow = (): void => void followed.push(modelOf(store.state, model).probation);
  const turnTo = () => Promise.reject(new TradewindError("model_unusable", "it cannot be opened"));
  const unfit = {
    ...parts,
    running: { ...parts.running, turnTo },
    health: { ...parts.health, follow },
  };
  await expect(bringModel(bringing, unfit, { signal })).rejects.toMatchObject({ code: "model_unusable" });
  expect(modelOf(store.state, model)).toEqual({
    ...{ ...before, floor: 3 },
    quarantined: [expect.objectContaining({ release: 3, cause: "self_test_failed" })],
  });
  expect(followed).toEqual([before.probation]);
});

test("the file before cannot be opened under a higher number: it is gone from behind what runs as well", async () => {
  const { parts, store } = await deviceAfter(1, 2);
  const turnTo = () => Promise.reject(new TradewindError("model_unusable", "it cannot be opened"));
  const unfit = { ...parts, running: { ...parts.running, turnTo } };
  await expect(bringModel(again(1, 3), unfit, { signal })).rejects.toMatchObject({ code: "model_unusable" });
  expect(modelOf(store.state, model)).toMatchObject({
    ...{ active: smallRelease(2).slot, previous: null },
    quarantined: [{ release: 3, sha256: smallRelease(1).slot.sha256 }],
  });
});

test("what answers in the place of a damaged release is what the next one may fall back to", async () => {
  const { parts, store } = await deviceAfter(1, 2);
  const { version, ...one } = smallRelease(1).slot;
  await parts.running.turnTo({ ...one, name: model, version, path: "/1" }, { signal });
  parts.memo.damaged.add(smallRelease(2).slot.sha256);
  await bringModel(await laidOnShelf(3, parts), parts, { signal });
  expect(modelOf(store.state, model)).toMatchObject({
    active: smallRelease(3).slot,
    previous: smallRelease(1).slot,
  });
});

test("what is known of what runs is recalled under its higher number before it answers under that", async () => {
  const { parts } = await deviceAfter(1);
  const order: string[] = [];
  const running: RunningModels = {
    ...parts.running,
    turnTo: async ({ release }) => void order.push(`answers as ${release}`),
  };
  const health = { ...parts.health, follow: () => void order.push("recalled") };
  await bringModel(again(1, 3), { ...parts, running, health }, { signal });
  expect(order).toEqual(["recalled", "answers as 3"]);
});

test("what was set aside here stays so under a higher number, with the reason it had, and is not fetched", async () => {
  const { parts, store, tried } = await deviceAfter(1, 2);
  const failure = { cause: "unhealthy", detail: "it sees nothing" } as const;
  await store.change((state) => quarantine(state, model, { slot: smallRelease(2).slot, ...failure }));
  await bringModel(again(2, 3), parts, { signal });
  expect(parts.memo.failures.get(model)).toEqual({ ...failure, release: 3 });
  expect(modelOf(store.state, model).active).toMatchObject({ release: 1 });
  expect(tried).toEqual([]);
});
