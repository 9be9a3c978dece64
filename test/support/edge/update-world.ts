import { openDeviceKeys } from "#edge/device/device-keys.ts";
import { keepFirstRoot } from "#edge/device/first-root.ts";
import { openState } from "#edge/store/open-state.ts";
import { artefactFolder } from "#inference/artefacts/artefact.ts";
import { blocksOf } from "#inference/artefacts/blocks.ts";
import { deviceKeyOf } from "#infra/runtime/devices/proof.ts";
import type { PlannedModel, Report } from "#infra/runtime/devices/words.ts";
import { createCrashDisk, type DiskContent } from "./crash-disk.ts";
import { aboutModel, addFamily, type Family } from "./family.ts";
import { noise, sha256Of } from "./fetched.ts";
import { type SimulatedRepository, simulateRepository } from "./simulated-repository.ts";

export const model = "digits-n";
export const data = "/data";
export const device = `dev_${"0".repeat(26)}`;
export const beganAt = 1_700_000_000_000;

const dayMs = 86_400_000;

/** What is outside of a device and outlives each of its lives. */
export type UpdateWorld = {
  readonly repo: SimulatedRepository;
  readonly family: Family;
  /** Releases by the hash of their file. */
  readonly releases: ReadonlyMap<string, number>;
  readonly publish: (release: number) => void;
  readonly revoke: (release: number) => void;
  /** What the gateway wants to run. */
  planned: Pick<PlannedModel, "release" | "why">;
  /** Releases that hold no self-test. */
  readonly bad: Set<number>;
  /** Files that held their self-test on this device. */
  readonly held: Set<string>;
  /** Keys by which the gateway knows this device. */
  readonly keys: Set<string>;
  readonly reports: Report[];
  /** What no device may do, and one did. */
  readonly faults: string[];
};

export function createUpdateWorld(): UpdateWorld {
  const repo = simulateRepository({ now: beganAt, lifeMs: 400 * dayMs });
  const family = addFamily(repo, model);
  const releases = new Map<string, number>();
  const add = (path: string, bytes: Uint8Array, custom: object): string => {
    const sha256 = sha256Of(bytes);
    family.list.targets[path] = { length: bytes.byteLength, hashes: { sha256 }, custom };
    const cut = path.lastIndexOf("/") + 1;
    repo.files.set(`targets/${path.slice(0, cut)}${sha256}.${path.slice(cut)}`, Buffer.from(bytes));
    return sha256;
  };
  const contentOf = (release: number): Buffer => noise(70_000, release);
  family.publish();
  return {
    ...{ repo, family, releases },
    publish: (release) => {
      const folder = artefactFolder({ model, release, target: "any" });
      const file = contentOf(release);
      releases.set(add(`${folder}/model.onnx`, file, aboutModel(model, release)), release);
      add(`${folder}/golden.json`, noise(600, 1_000 + release), { schema: 1, kind: "golden" });
      add(`${folder}/blocks`, blocksOf(file), { schema: 1, kind: "blocks" });
      family.publish();
    },
    revoke: (release) => {
      const sha256 = [sha256Of(contentOf(release))];
      const custom = { schema: 1, kind: "revocations", model, sha256, below: 0 };
      add(`${model}/revocations.json`, Buffer.from(JSON.stringify(custom)), custom);
      family.publish();
    },
    planned: { release: null, why: "steady" },
    ...{ bad: new Set(), held: new Set(), keys: new Set(), reports: [], faults: [] },
  };
}

/** The same repository, seen by another device: what it does is told to nobody else. */
export function apart(world: UpdateWorld): UpdateWorld {
  return { ...world, held: new Set(world.held), keys: new Set(world.keys), reports: [], faults: [] };
}

/** A device that has enrolled and heard nothing yet. */
export async function enrolledDisk(world: UpdateWorld): Promise<DiskContent> {
  const { fs, now } = createCrashDisk();
  await keepFirstRoot({ fs, folder: data }, world.repo.published1());
  const keys = await openDeviceKeys({ fs, folder: data, now: () => beganAt });
  world.keys.add(deviceKeyOf((await keys.make()).key).x);
  await using store = await openState({ fs, folder: data });
  await store.change((state) => ({ ...state, identity: { ...state.identity, device } }));
  return now();
}
