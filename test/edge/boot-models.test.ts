import { expect, test } from "vitest";
import { bootModels } from "#edge/boot-models.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { beginTrial } from "#edge/store/steps.ts";
import { buildReport } from "#edge/sync/build-report.ts";
import { builtInRelease } from "#edge/sync/turn-model.ts";
import { outcomeOf } from "#gateway/devices/rings/outcome.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { deviceParts, model } from "#test/support/edge/device-parts.ts";
import { smallRelease } from "#test/support/edge/small-release.ts";

const { signal } = new AbortController();

/** The device after its end, before anything runs again. */
async function before(...releases: readonly number[]) {
  const { parts, shelf, runs, store: last } = await deviceParts(...releases);
  runs.clear();
  const again = async () => ({ ...parts, store: await openState({ fs: parts.fs, folder: "/device" }) });
  const spoil = async (release: number): Promise<void> => {
    await using file = await parts.fs.open(shelf.modelPath(smallRelease(release).slot.sha256));
    await file.writeAt(0, Buffer.from("x"));
  };
  return { parts, runs, last, again, spoil };
}

test("what ran before the start runs after it", async () => {
  const { runs, again } = await before(1, 2);
  expect(await bootModels(await again(), { signal })).toEqual([]);
  expect(runs.get(model)?.release).toBe(2);
});

test("where its file was damaged meanwhile, what ran before it answers, and the damage is known", async () => {
  const { runs, again, spoil, parts } = await before(1, 2);
  await spoil(2);
  await bootModels(await again(), { signal });
  expect(runs.get(model)?.release).toBe(1);
  expect([...parts.memo.damaged]).toEqual([smallRelease(2).slot.sha256]);
});

test("where nothing that was fetched can be opened, what came with the device answers", async () => {
  const { runs, again } = await before(1, 2);
  const parts = await again();
  const opened = parts.running.turnTo;
  const running = {
    ...parts.running,
    turnTo: (next: Parameters<typeof opened>[0], options: Parameters<typeof opened>[1]) =>
      next.release === builtInRelease
        ? opened(next, options)
        : Promise.reject(new TradewindError("model_unusable", "it cannot be opened")),
  };
  const builtIn = new Map([[model, { version: "0", path: "/built-in/model.onnx" }]]);
  await bootModels({ ...parts, running, builtIn }, { signal });
  expect(runs.get(model)?.release).toBe(builtInRelease);
});

test("a trial that was cut short is made again, counted down, while what ran before it answers", async () => {
  const { runs, again, last } = await before(1, 2);
  const { slot } = smallRelease(2);
  await last.change((state) => ({
    ...state,
    models: { [model]: { ...modelOf(state, model), active: smallRelease(1).slot, previous: null } },
  }));
  await last.change((state) => beginTrial(state, model, { slot, tries: 3 }));
  const parts = await again();
  expect((await bootModels(parts, { signal })).map(({ sha256 }) => sha256)).toEqual([slot.sha256]);
  expect(modelOf(parts.store.state, model).trial?.triesLeft).toBe(2);
  expect(runs.get(model)?.release).toBe(1);
});

test("a release that opens after all is not held to the starts in which it did not come so far", async () => {
  const { again } = await before(1, 2);
  const died = new Map([[smallRelease(2).slot.sha256, "opening"]] as const);
  for (let start = 0; start < 4; start += 1) {
    const parts = await again();
    await bootModels({ ...parts, died }, { signal });
    expect(modelOf(parts.store.state, model)).toMatchObject({
      ...{ active: { release: 2 }, quarantined: [], probation: { deaths: 0, openings: 0 } },
    });
    await parts.store[Symbol.asyncDispose]();
  }
});

test("a third death with a release in hand has the one before answer, and the gateway is told of it", async () => {
  const { runs, again } = await before(1, 2);
  const died = new Map([[smallRelease(2).slot.sha256, "answering"]] as const);
  for (const release of [2, 2, 1]) {
    runs.clear();
    const parts = await again();
    await bootModels({ ...parts, died }, { signal });
    expect(runs.get(model)?.release).toBe(release);
    await parts.store[Symbol.asyncDispose]();
  }
  const { store, memo, machine } = await again();
  const { models } = buildReport({
    ...{ state: store.state, memo, machine, hardware: "test", at: 1, clockTrusted: true, trustedNow: 1 },
    ...{ freeBytes: null, running: new Map(), counts: () => ({ images: 0, failed: 0, p95Ms: null }) },
  });
  expect(models).toMatchObject([
    { active: { release: 1 }, state: "fell_back", failure: { cause: "unhealthy", release: 2 } },
  ]);
  const [told] = models;
  expect(told && outcomeOf(told, 2)).toMatchObject({ kind: "failed", cause: "unhealthy" });
});

test("on a disk that takes nothing more what is there answers, and a trial that cannot be counted is not made", async () => {
  const { runs, again, last } = await before(1, 2);
  await last.change((state) => ({
    ...state,
    models: { [model]: { ...modelOf(state, model), active: smallRelease(1).slot, previous: null } },
  }));
  await last.change((state) => beginTrial(state, model, { slot: smallRelease(2).slot, tries: 3 }));
  const parts = await again();
  const full = () => Promise.reject(new TradewindError("disk_full", "there is no room"));
  const store = { ...parts.store, state: parts.store.state, change: full };
  expect(await bootModels({ ...parts, store }, { signal })).toEqual([]);
  expect(runs.get(model)?.release).toBe(1);
});
