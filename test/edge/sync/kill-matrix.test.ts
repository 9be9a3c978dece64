import { expect, test } from "vitest";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type CrashDisk, createCrashDisk, type DiskContent } from "#test/support/edge/crash-disk.ts";
import {
  answerFaults,
  type End,
  endFaults,
  judgeNextLife,
  type NextLife,
} from "#test/support/edge/judge-life.ts";
import { beginLife, type UpdateLife } from "#test/support/edge/update-life.ts";
import {
  type At,
  createMoments,
  type Moments,
  type UpdateState,
  updateStates,
} from "#test/support/edge/update-moments.ts";
import { prepareScenes, type Scene, type SceneName, scenes } from "#test/support/edge/update-scenes.ts";
import { apart, type UpdateWorld } from "#test/support/edge/update-world.ts";

const sceneOf: Readonly<Record<UpdateState, SceneName>> = {
  "asking for newer lists": "update",
  "keeping newer lists": "update",
  "naming newer lists": "update",
  "asking for its plan": "update",
  "fetching a list of blocks": "update",
  "fetching golden images": "update",
  "fetching a model's file": "update",
  "putting a model on the shelf": "update",
  "beginning a trial": "update",
  "counting down a trial": "cut trial",
  "testing a model": "update",
  "setting a bad model aside": "bad update",
  "activating a model": "update",
  "turning to another model": "update",
  "clearing the shelf": "update",
  "reporting to its gateway": "update",
  "going back to the release before": "call back",
  "leaving a release that fails at its work": "bad work",
  "dropping a revoked release": "revocation",
  "making its next key": "old key",
  "handing over its next key": "old key",
  "turning to its next key": "old key",
};

const prepared = prepareScenes();
const states = Object.keys(updateStates) as UpdateState[];
const ats = ["before", "while", "after"] as const satisfies readonly At[];
const ends = states.flatMap((state) => ats.map((at) => ({ state, at })));

test.each(ends)("a device that is killed $at $state starts with a model and ends in sync", async (ending) => {
  const { disk, world, next } = await leftBy(ending);
  expect(await judgeNextLife(disk.now(), apart(world), next)).toEqual([]);
});

test.each(ends)("a power cut $at $state leaves a model that starts, and ends in sync", async (ending) => {
  const { disk, world, next } = await leftBy(ending);
  const disks = spread(disk.afterCut());
  for (const one of disks) expect(await judgeNextLife(one, apart(world), next)).toEqual([]);
});

/** One that cannot be opened here is nothing to try again. */
const endsOfErrors: { readonly [state in UpdateState]?: End } = {
  "turning to another model": { release: 2, setAside: [3] },
};

test.each(states)(
  "an error while %s leaves what answers, and the next sync, in this life or the next, ends in sync",
  async (state) => {
    const { scene, disk, world, moments, life } = await begin(state);
    const { met, befall } = meeting(async () => {
      // Whoever tries until it is done would try for ever.
      if (scene === scenes["bad work"]) moments.mishap = undefined;
      throw failureOn(state);
    });
    moments.mishap = { state, at: "while", befall };
    await live(life, scene, new AbortController().signal);
    expect(met()).toBe(true);
    expect(answerFaults(life, world)).toEqual([]);
    moments.mishap = undefined;
    const end = endsOfErrors[state] ?? scene.end;
    const known = life.store.state;
    expect(await judgeNextLife(disk.now(), apart(world), { ...scene, known, end })).toEqual([]);
    await life.sync(new AbortController().signal);
    expect(await endFaults(life, world, end)).toEqual([]);
  },
);

test.each(states)(
  "a device that hangs while %s is stopped, starts with a model and ends in sync",
  async (state) => {
    const { scene, disk, world, moments, life } = await begin(state);
    const stop = new AbortController();
    const hung = Promise.withResolvers<void>();
    const befall = async (): Promise<void> => {
      moments.mishap = undefined;
      hung.resolve();
      await stopped(stop.signal);
      // A disk cannot be called off: what it was asked for is done in the end.
      if (updateStates[state].on !== "disk") throw stop.signal.reason;
    };
    moments.mishap = { state, at: "while", befall };
    const lived = live(life, scene, stop.signal);
    await Promise.race([hung.promise, lived.then(() => neverCame(state))]);
    if (!scene.isFromStart) expect(answerFaults(life, world)).toEqual([]);
    stop.abort(new TradewindError("draining", "the device is told to stop"));
    await lived;
    const known = life.store.state;
    expect(await judgeNextLife(disk.now(), world, { ...scene, known })).toEqual([]);
  },
);

test("a model whose test ends the device each time is tried so often, then set aside, and what ran goes on", async () => {
  const state = "testing a model";
  let { disk, world, next } = await liveUntil({ state, at: "while" });
  for (let deaths = 1; deaths < 4; deaths += 1) {
    const again = await begin(state, disk.now());
    ({ disk, world, next } = await liveUntil({ state, at: "while" }, again));
  }
  const end = { release: 2, setAside: [3] };
  expect(await judgeNextLife(disk.now(), world, { ...next, end })).toEqual([]);
});

type Begun = {
  readonly scene: Scene;
  readonly disk: CrashDisk;
  readonly world: UpdateWorld;
  readonly moments: Moments;
  readonly life: UpdateLife;
};

/** Up to where something may befall it. */
async function begin(state: UpdateState, from?: DiskContent): Promise<Begun> {
  const name = sceneOf[state];
  const scene: Scene = scenes[name];
  const { start, world: common } = await prepared(name);
  const [world, moments, disk] = [apart(common), createMoments(), createCrashDisk({ start: from ?? start })];
  const life = await beginLife({ fs: disk.fs, world, moments });
  if (!scene.isFromStart) await life.boot(new AbortController().signal);
  return { scene, disk, world, moments, life };
}

/** Whatever comes of it: what is left is looked at. */
async function live(life: UpdateLife, scene: Scene, signal: AbortSignal): Promise<void> {
  try {
    if (scene.isFromStart) await life.boot(signal);
    await life.tryAgain(signal);
    await scene.work?.(life, signal);
    await life.sync(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

type Left = Pick<Begun, "disk" | "world"> & { readonly next: NextLife };

type Ending = { readonly state: UpdateState; readonly at: At };

const known = new Map<string, Promise<Left>>();

/** Lived once, for the disk that keeps all and the one that keeps as little as it may. */
function leftBy(ending: Ending): Promise<Left> {
  const key = `${ending.at} ${ending.state}`;
  const left = known.get(key) ?? liveUntil(ending);
  known.set(key, left);
  return left;
}

/** A life that stops there, in the middle of what it was doing. */
async function liveUntil({ state, at }: Ending, begun?: Begun): Promise<Left> {
  const { scene, disk, world, moments, life } = begun ?? (await begin(state));
  const ended = Promise.withResolvers<void>();
  const befall = (): Promise<void> => {
    ended.resolve();
    return new Promise(() => undefined);
  };
  moments.mishap = { state, at, befall };
  const lived = live(life, scene, new AbortController().signal);
  await Promise.race([ended.promise, lived.then(() => neverCame(state))]);
  return { disk, world, next: { ...scene, known: life.store.state } };
}

function neverCame(state: UpdateState): never {
  throw new Error(`the device never came to ${state}`);
}

function meeting(work: () => Promise<void>) {
  let isMet = false;
  return {
    met: () => isMet,
    befall: async (): Promise<void> => {
      isMet = true;
      await work();
    },
  };
}

function failureOn(state: UpdateState): Error {
  switch (updateStates[state].on) {
    case "line":
      return new TradewindError("repository_unreachable", "the line broke");
    case "disk":
      return new TradewindError("disk_full", "the disk takes nothing more", {
        cause: Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }),
      });
    case "engine":
      return new TradewindError("model_unusable", "it cannot be opened");
    case "test":
      return new Error("the process of the test cannot be started");
  }
}

async function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

const most = 4;
const mostLookedThrough = 64;

/** Of very many some, from the first to the last. */
function spread(disks: Iterable<DiskContent>): readonly DiskContent[] {
  const found: DiskContent[] = [];
  for (const disk of disks) {
    found.push(disk);
    if (found.length === mostLookedThrough) break;
  }
  const step = Math.ceil(found.length / most);
  return found.filter((_, at) => at % step === 0);
}
