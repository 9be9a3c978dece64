import { expect, onTestFinished, test, vi } from "vitest";
import type { Answered, Running, RunningModels } from "#edge/answer/running-model.ts";
import type { Slot } from "#edge/store/device-state.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf } from "#edge/store/shelf.ts";
import { activate, beginTrial } from "#edge/store/steps.ts";
import { keepHealthy } from "#edge/sync/keep-healthy.ts";
import { createMemo } from "#edge/sync/sync-parts.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createLog } from "#infra/runtime/log.ts";
import { coded, createMemoryDisk } from "#test/support/edge/memory-disk.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const slot = (release: number): Slot => ({
  ...{ release, version: `${release}.0`, target: "any" },
  sha256: String(release).repeat(64),
});

/** One life of a device on a disk, with a model that answers as a test says. */
async function aLife(fs = createMemoryDisk()) {
  const clock = createFakeClock();
  const store = await openState({ fs, folder: "/device" });
  const listeners = new Set<(told: Answered) => void>();
  const { active } = modelOf(store.state, "m");
  let runs = { release: active?.release ?? 0, sha256: active?.sha256 ?? "" };
  const running: RunningModels = {
    find: () => runs as Running,
    ...{ lease: () => undefined, names: () => ["m"], drop: async () => {} },
    turnTo: async ({ release, sha256 }) => {
      runs = { release, sha256 };
    },
    onAnswer: (listen) => {
      listeners.add(listen);
      return { [Symbol.dispose]: () => void listeners.delete(listen) };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const health = keepHealthy({
    ...{ store, running, clock, memo: createMemo(0), builtIn: new Map(), wake: () => {} },
    shelf: openShelf({ fs, folder: "/device" }),
    log: createLog({ name: "test", level: "silent" }),
  });
  health.follow("m");
  const answer = (release: number, images: number, meanScore: number | undefined): void => {
    const isSeen = meanScore !== undefined;
    const told = { model: "m", release, failed: !isSeen, ms: 1, detections: isSeen ? 4 : 0, meanScore };
    for (let image = 0; image < images; image += 1) for (const listen of listeners) listen(told);
  };
  const switchTo = async (release: number): Promise<void> => {
    const before = health.usualOf("m");
    await store.change((state) => beginTrial(state, "m", { slot: slot(release) }));
    await store.change((state) => activate(state, "m", { now: clock.now(), agreement: null, before }));
    runs = slot(release);
    health.follow("m");
  };
  const die = async (): Promise<void> => {
    listeners.clear();
    await store[Symbol.asyncDispose]();
  };
  return { fs, clock, store, health, answer, switchTo, die, runs: () => runs.release };
}

/** Release 2 on probation, after 1. */
async function onProbation() {
  const life = await aLife();
  await life.switchTo(1);
  await life.switchTo(2);
  return { ...life, fail: () => life.answer(2, 30, undefined) };
}

async function falls(life: Awaited<ReturnType<typeof aLife>>): Promise<void> {
  await vi.waitFor(() =>
    expect(modelOf(life.store.state, "m")).toMatchObject({
      active: { release: 1 },
      quarantined: [{ release: 2, detail: expect.stringMatching(/never was below 0\.80/) }],
    }),
  );
}

test.each<readonly [string, (life: Awaited<ReturnType<typeof aLife>>) => Promise<void>]>([
  ["stops", async ({ health }) => await health[Symbol.asyncDispose]()],
  ["dies after it has noted what it saw", ({ health }) => health.note()],
])("a release whose confidence collapses falls though the agent %s midway", async (_, ends) => {
  const first = await aLife();
  await first.switchTo(1);
  first.answer(1, 300, 0.8);
  await first.switchTo(2);
  first.answer(2, 30, 0.4);
  await ends(first);
  await first.die();
  const second = await aLife(first.fs);
  await using _health = second.health;
  expect(modelOf(second.store.state, "m").probation?.images).toBe(30);
  second.answer(2, 25, 0.4);
  await falls(second);
});

test("a release is held against what the one before did in earlier lives", async () => {
  const first = await aLife();
  await first.switchTo(1);
  first.answer(1, 300, 0.8);
  await vi.waitFor(() => expect(modelOf(first.store.state, "m").probation).toBeNull());
  await first.health[Symbol.asyncDispose]();
  await first.die();
  const second = await aLife(first.fs);
  await using _ = second.health;
  await second.switchTo(2);
  second.answer(2, 50, 0.4);
  await falls(second);
});

test("what earlier lives knew of a release is still known of it when it answers again after a fall", async () => {
  const first = await aLife();
  await first.switchTo(1);
  first.answer(1, 300, 0.75);
  await first.switchTo(2);
  await first.die();
  const second = await aLife(first.fs);
  await using _ = second.health;
  second.answer(2, 30, undefined);
  await vi.waitFor(() => expect(second.runs()).toBe(1));
  second.answer(1, 50, 0.875);
  second.clock.advance(3_600_000);
  await second.health.note();
  expect(modelOf(second.store.state, "m").usual).toMatchObject({ images: 350, lowestScore: 0.75 });
});

test("a release that follows one which was hardly seen is held against what was before both", async () => {
  const { store, health, answer, switchTo } = await aLife();
  await using _ = health;
  await switchTo(1);
  answer(1, 300, 0.8);
  await switchTo(2);
  answer(2, 10, 0.8);
  await switchTo(3);
  answer(3, 50, 0.4);
  await vi.waitFor(() =>
    expect(modelOf(store.state, "m")).toMatchObject({
      active: { release: 2 },
      quarantined: [{ release: 3, cause: "unhealthy" }],
    }),
  );
});

test("what has held is written down once an hour and not more often, and never without news", async () => {
  const { clock, store, health, answer, switchTo } = await aLife();
  await using _ = health;
  await switchTo(1);
  answer(1, 200, 0.8);
  await vi.waitFor(() => expect(modelOf(store.state, "m").usual?.images).toBe(200));
  const writesIn = async (minutes: number, images: number): Promise<number> => {
    const { generation } = store.state;
    for (let minute = 0; minute < minutes; minute += 1) {
      clock.advance(60_000);
      answer(1, images, 0.8);
      await health.note();
    }
    return store.state.generation - generation;
  };
  expect(await writesIn(59, 25)).toBe(0);
  expect(await writesIn(1, 25)).toBe(1);
  expect(await writesIn(180, 25)).toBe(3);
  expect(await writesIn(180, 0)).toBe(0);
  expect(modelOf(store.state, "m").usual?.images).toBe(200 + 240 * 25);
});

test("a release that fails at its work gives way to the one before, for good", async () => {
  const { store, health, fail, runs } = await onProbation();
  await using _ = health;
  fail();
  await vi.waitFor(() => expect(runs()).toBe(1));
  expect(modelOf(store.state, "m")).toMatchObject({
    active: { release: 1 },
    quarantined: [{ release: 2, cause: "unhealthy" }],
  });
});

test("a fall that a full disk does not take is made as soon as there is room", async () => {
  const { fs, clock, store, health, fail, runs } = await onProbation();
  await using _ = health;
  fs.onWrite = () => {
    throw coded("ENOSPC", "/device");
  };
  fail();
  await new Promise(setImmediate);
  expect(runs()).toBe(2);
  fs.onWrite = () => {};
  await vi.waitFor(() => {
    clock.advance(30_000);
    expect(runs()).toBe(1);
  });
  expect(modelOf(store.state, "m").active).toMatchObject({ release: 1 });
});

test("a fall that waits for room ends with the device", async () => {
  const { fs, health, fail, runs } = await onProbation();
  fs.onWrite = () => {
    throw coded("ENOSPC", "/device");
  };
  fail();
  await new Promise(setImmediate);
  await health[Symbol.asyncDispose]();
  expect(runs()).toBe(2);
});

test("a release that held while the disk was full is off its probation as soon as there is room", async () => {
  const { fs, clock, store, health, answer } = await onProbation();
  await using _ = health;
  fs.onWrite = () => {
    throw coded("ENOSPC", "/device");
  };
  answer(2, 200, 0.8);
  await new Promise(setImmediate);
  expect(modelOf(store.state, "m").probation).not.toBeNull();
  fs.onWrite = () => {};
  await vi.waitFor(() => {
    clock.advance(30_000);
    expect(modelOf(store.state, "m").probation).toBeNull();
  });
});

test("a full disk that does not take what was seen fails no sync, is told of, and has it at the next time", async () => {
  const told: string[] = [];
  onTestFinished(sideConcernSkipped.subscribe(({ what }) => told.push(what)));
  const { fs, clock, store, health, answer, switchTo } = await aLife();
  await using _ = health;
  await switchTo(1);
  answer(1, 200, 0.75);
  await vi.waitFor(() => expect(modelOf(store.state, "m").usual?.images).toBe(200));
  answer(1, 50, 0.75);
  fs.onWrite = () => {
    throw coded("ENOSPC", "/device");
  };
  clock.advance(3_600_000);
  await health.note();
  await health.note();
  expect(told).toEqual(["writing down what was seen"]);
  fs.onWrite = () => {};
  clock.advance(3_600_000);
  await health.note();
  expect(modelOf(store.state, "m").usual?.images).toBe(250);
});
