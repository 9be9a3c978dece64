import { createCrashDisk, type DiskContent } from "./crash-disk.ts";
import type { End } from "./judge-life.ts";
import { beginLife, type UpdateLife } from "./update-life.ts";
import { createMoments } from "./update-moments.ts";
import { apart, beganAt, createUpdateWorld, data, enrolledDisk, type UpdateWorld } from "./update-world.ts";

/** A device that ran release 1 and runs 2, and what is to come next. */
export type Scene = {
  /** What has happened until now, by a device that nothing befell. */
  readonly prepare: (device: Preparing) => Promise<void>;
  /** What befalls each life before it syncs. */
  readonly work?: (life: UpdateLife, signal: AbortSignal) => Promise<void>;
  readonly end: End;
  /** It is about the start itself. */
  readonly isFromStart?: boolean;
  readonly keyMadeAt?: number;
};

type Preparing = {
  readonly world: UpdateWorld;
  readonly runTo: (release: number) => Promise<void>;
  /** Until its self-test is under way, which the next life finds. */
  readonly tryHalf: (release: number) => Promise<void>;
};

const { signal } = new AbortController();
const monthMs = 31 * 86_400_000;

export const scenes = {
  update: {
    prepare: async ({ world }) => plan(world, 3, "rollout"),
    end: { release: 3, setAside: [] },
  },
  "bad update": {
    prepare: async ({ world }) => {
      plan(world, 3, "rollout");
      world.bad.add(3);
    },
    end: { release: 2, setAside: [3] },
  },
  "cut trial": {
    prepare: async ({ tryHalf }) => await tryHalf(3),
    end: { release: 3, setAside: [] },
    isFromStart: true,
  },
  "call back": {
    prepare: async ({ world }) => {
      world.planned = { release: 1, why: "rollback" };
    },
    end: { release: 1, setAside: [] },
  },
  "bad work": {
    prepare: async ({ runTo }) => await runTo(3),
    work: (life, stop) => life.failAtWork(stop),
    end: { release: 2, setAside: [3] },
  },
  revocation: {
    prepare: async ({ world }) => {
      world.revoke(2);
      world.planned = { release: 1, why: "rollback" };
    },
    end: { release: 1, setAside: [2] },
  },
  "old key": {
    prepare: async () => undefined,
    end: { release: 2, setAside: [] },
    keyMadeAt: beganAt - monthMs,
  },
} as const satisfies Readonly<Record<string, Scene>>;

export type SceneName = keyof typeof scenes;
export type Prepared = { readonly start: DiskContent; readonly world: UpdateWorld };

/** Each is played once, and taken as it is by every case of it. */
export function prepareScenes(): (name: SceneName) => Promise<Prepared> {
  const known = new Map<SceneName, Promise<Prepared>>();
  return (name) => {
    const prepared = known.get(name) ?? prepareScene(scenes[name]);
    known.set(name, prepared);
    return prepared;
  };
}

async function prepareScene({ prepare, keyMadeAt = beganAt }: Scene): Promise<Prepared> {
  const world = createUpdateWorld();
  let start = await enrolledDisk(world);
  const live = async (release: number, until: "in sync" | "in its test"): Promise<void> => {
    plan(world, release, "rollout");
    const disk = createCrashDisk({ start });
    const moments = createMoments();
    const life = await beginLife({ fs: disk.fs, world, moments });
    await life.boot(signal);
    const reached = Promise.withResolvers<void>();
    const befall = (): Promise<void> => {
      reached.resolve();
      return new Promise(() => undefined);
    };
    if (until === "in its test") moments.mishap = { state: "testing a model", at: "while", befall };
    await Promise.race([life.sync(signal), reached.promise]);
    start = disk.now();
  };
  await live(1, "in sync");
  await live(2, "in sync");
  await prepare({
    world,
    runTo: (release) => live(release, "in sync"),
    tryHalf: (release) => live(release, "in its test"),
  });
  return { start: withKeyOf(start, keyMadeAt), world: apart(world) };
}

/** As if its key had been made then. */
function withKeyOf(start: DiskContent, madeAt: number): DiskContent {
  const path = `${data}/keys/device.pem`;
  const key = start
    .get(path)
    ?.toString()
    .replace(/^made: .*$/m, `made: ${madeAt}`);
  return new Map(start).set(path, Buffer.from(key ?? ""));
}

function plan(world: UpdateWorld, release: number, why: "rollout"): void {
  world.publish(release);
  world.planned = { release, why };
}
