import { expect, test, vi } from "vitest";
import type { Answered, Running, RunningModels } from "#edge/answer/running-model.ts";
import { emptyModel, type Slot } from "#edge/store/device-state.ts";
import { modelOf, withModel } from "#edge/store/model-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf } from "#edge/store/shelf.ts";
import { keepHealthy } from "#edge/sync/keep-healthy.ts";
import { createMemo } from "#edge/sync/sync-parts.ts";
import { createLog } from "#infra/runtime/log.ts";
import { coded, createMemoryDisk } from "#test/support/edge/memory-disk.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const slot = (release: number): Slot => ({
  ...{ release, version: `${release}.0`, target: "any" },
  sha256: String(release).repeat(64),
});

/** Release 2 on probation, after 1. */
async function onProbation() {
  const [fs, clock] = [createMemoryDisk(), createFakeClock()];
  const store = await openState({ fs, folder: "/device" });
  const probation = { sinceMs: clock.now(), images: 0 };
  await store.change((state) =>
    withModel(state, "m", { ...emptyModel, active: slot(2), previous: slot(1), probation }),
  );
  const listeners = new Set<(told: Answered) => void>();
  let runs = { release: 2, sha256: slot(2).sha256 };
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
  const fail = (): void => {
    const told = { model: "m", release: 2, failed: true, ms: 1, detections: 0, meanScore: undefined };
    for (let image = 0; image < 30; image += 1) for (const listen of listeners) listen(told);
  };
  return { fs, clock, store, health, fail, runs: () => runs.release };
}

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
