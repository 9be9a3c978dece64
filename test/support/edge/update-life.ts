import { join } from "node:path/posix";
import type { RunningModels } from "#edge/answer/running-model.ts";
import { bootModels } from "#edge/boot-models.ts";
import { type DeviceKeys, openDeviceKeys } from "#edge/device/device-keys.ts";
import { renewKey } from "#edge/device/renew-key.ts";
import { noPace } from "#edge/fetch/pace.ts";
import type { DeviceState, StateStore } from "#edge/store/device-state.ts";
import type { FileSystem } from "#edge/store/file-system.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { type OpenedState, openState } from "#edge/store/open-state.ts";
import { openShelf, type Shelf } from "#edge/store/shelf.ts";
import { tryOnShelf } from "#edge/sync/bring-model.ts";
import { type Health, keepHealthy } from "#edge/sync/keep-healthy.ts";
import { type SyncOnceParts, syncOnce } from "#edge/sync/sync-once.ts";
import { createMemo } from "#edge/sync/sync-parts.ts";
import { wantedModels } from "#edge/sync/wanted-models.ts";
import { openTrust } from "#edge/trust/open-trust.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createFakeClock, type FakeClock } from "../fake-clock.ts";
import { hurriedClock } from "./fetched.ts";
import { type Engine, playEngine, playGateway, playOrigin, playSelfTest } from "./play-outside.ts";
import type { Moments, UpdateState } from "./update-moments.ts";
import { beganAt, data, model, type UpdateWorld } from "./update-world.ts";

export type UpdateLife = {
  readonly store: OpenedState;
  readonly shelf: Shelf;
  readonly running: RunningModels;
  readonly keys: DeviceKeys;
  readonly memo: SyncOnceParts["memo"];
  /** Has answer what can. */
  readonly boot: (signal: AbortSignal) => Promise<void>;
  /** What a start does next, before its first sync. */
  readonly tryAgain: (signal: AbortSignal) => Promise<void>;
  readonly sync: (signal: AbortSignal) => Promise<void>;
  /** What is on probation fails at image after image, until the device has done something about it. */
  readonly failAtWork: (signal: AbortSignal) => Promise<void>;
};

export type LifeOptions = { readonly fs: FileSystem; readonly world: UpdateWorld; readonly moments: Moments };

/** Pauses before another try are over at once; who only waits to be heard of again waits for the end of the work. */
function impatientClock(): Clock {
  const { sleep, ...clock } = hurriedClock();
  const isPause = (ms: number): boolean => ms !== 300_000 && ms < 86_400_000;
  const never = createFakeClock();
  return { ...clock, sleep: (ms, options) => (isPause(ms) ? sleep(ms, options) : never.sleep(ms, options)) };
}

/** One life of a device, from start to end, with everything of its own real and everything outside played. */
export async function beginLife({ fs: disk, world, moments }: LifeOptions): Promise<UpdateLife> {
  const fs = moments.onDisk(disk);
  const opened = await openState({ fs, folder: data });
  const store = told(opened, moments);
  const shelf = toldShelf(openShelf({ fs, folder: data }), moments);
  const engine = playEngine(fs, world, moments);
  const { running } = engine;
  const keys = toldKeys(await openDeviceKeys({ fs, folder: data, now: () => beganAt }), moments);
  const clock = createFakeClock({ startAt: beganAt });
  const memo = createMemo(0);
  const log = createLog({ name: "test", level: "silent" });
  const wake = Promise.withResolvers<void>();
  const common = { store, shelf, running, memo, log, builtIn: new Map() };
  const health = keepHealthy({ ...common, clock, wake: wake.resolve });
  const client = playGateway(world, keys, moments);
  const origins = [playOrigin(world, moments)];
  const parts: SyncOnceParts = {
    ...{ ...common, fs, folder: data, client, origins, health, clock: impatientClock() },
    machine: { target: "any", agent: "1.0.0", memoryMb: 1_000 },
    ...{ hardware: "test", only: undefined, window: undefined, pace: noPace },
    chance: { number: () => 0.5, bytes: (count) => new Uint8Array(count) },
    tryModel: playSelfTest(world, moments),
    openTrust: async (firstRoot) => {
      const models = (): string[] => wantedModels(parts);
      const trusting = { fs, folder: join(data, "trust"), state: store, origins, firstRoot, clock, models };
      const trust = await openTrust(trusting);
      return {
        ...trust,
        refresh: (patience) => moments.around("keeping newer lists", () => trust.refresh(patience)),
      };
    },
    becomeDevice: async () => undefined,
    renewKey: (patience) => renewKey({ store, keys, client, clock: { now: () => beganAt }, log }, patience),
    counts: { of: () => ({ images: 0, failed: 0, p95Ms: null }), [Symbol.dispose]: () => undefined },
  };
  let retried: Awaited<ReturnType<typeof bootModels>> = [];
  return {
    ...{ store: opened, shelf, running, keys, memo },
    boot: async (signal) => {
      retried = await bootModels({ ...common, store }, { signal });
      for (const name of running.names()) health.follow(name);
    },
    tryAgain: async (signal) => {
      for (const item of retried) await tryOnShelf(item, parts, { signal }).catch(() => undefined);
    },
    sync: async (signal) => {
      await syncOnce(parts, { signal });
    },
    failAtWork: (signal) => failAtWork({ engine, clock, health, store, woken: wake.promise, signal }),
  };
}

/** Says what a change is for from what it changes. */
function told(store: OpenedState, { around }: Moments): OpenedState {
  const change: StateStore["change"] = (next) => {
    const state = purposeOf(store.state, preview(store.state, next));
    return state === undefined ? store.change(next) : around(state, () => store.change(next));
  };
  return {
    found: store.found,
    get state() {
      return store.state;
    },
    change,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function preview(state: DeviceState, next: (state: DeviceState) => DeviceState): DeviceState {
  try {
    return next(state);
  } catch {
    // The store itself says so to whoever asked.
    return state;
  }
}

function purposeOf(was: DeviceState, is: DeviceState): UpdateState | undefined {
  const [before, after] = [modelOf(was, model), modelOf(is, model)];
  if (is.trust.generation !== was.trust.generation) return "naming newer lists";
  if (after.quarantined.length > before.quarantined.length) return setAside(after.quarantined.at(-1)?.cause);
  if (after.trial && before.trial?.sha256 !== after.trial.sha256) return "beginning a trial";
  if (after.trial && after.trial.triesLeft !== before.trial?.triesLeft) return "counting down a trial";
  if (after.active?.sha256 === before.active?.sha256) return undefined;
  return before.trial ? "activating a model" : "going back to the release before";
}

function setAside(cause: string | undefined): UpdateState {
  if (cause === "revoked") return "dropping a revoked release";
  return cause === "unhealthy" ? "leaving a release that fails at its work" : "setting a bad model aside";
}

function toldShelf(shelf: Shelf, { around }: Moments): Shelf {
  return {
    ...shelf,
    put: (file, options) => around("putting a model on the shelf", () => shelf.put(file, options)),
    keepOnly: (hashes) => around("clearing the shelf", () => shelf.keepOnly(hashes)),
  };
}

function toldKeys(keys: DeviceKeys, { around }: Moments): DeviceKeys {
  return {
    ...keys,
    make: () => around("making its next key", () => keys.make()),
    turn: () => around("turning to its next key", () => keys.turn()),
  };
}

type AtWork = {
  readonly engine: Engine;
  readonly clock: FakeClock;
  readonly health: Health;
  readonly store: Pick<StateStore, "state">;
  readonly woken: Promise<void>;
  readonly signal: AbortSignal;
};

async function failAtWork({ engine, clock, health, store, woken, signal }: AtWork): Promise<void> {
  if (!modelOf(store.state, model).probation) return;
  const release = engine.running.find(model)?.release ?? 0;
  const failed = { model, release, failed: true, ms: 1, detections: 0, meanScore: undefined };
  for (let image = 0; image < 30; image += 1) engine.answer(failed);
  let isWoken = false;
  void woken.then(() => {
    isWoken = true;
  });
  // A life that was killed amid it is never woken.
  for (let turn = 0; turn < mostTurns && !isWoken && !signal.aborted; turn += 1) {
    clock.advance(30_000);
    await new Promise(setImmediate);
  }
  await health[Symbol.asyncDispose]();
}

const mostTurns = 300;
