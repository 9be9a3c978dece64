import type { Running, RunningModels } from "#edge/answer/running-model.ts";
import { noPace } from "#edge/fetch/pace.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf } from "#edge/store/shelf.ts";
import { activate, beginTrial } from "#edge/store/steps.ts";
import type { SyncOnceParts } from "#edge/sync/sync-once.ts";
import { createMemo } from "#edge/sync/sync-parts.ts";
import type { DeviceTrust } from "#edge/trust/open-trust.ts";
import type { TrustedList } from "#edge/trust/trusted-list.ts";
import type { PlannedModel } from "#infra/runtime/devices/words.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createFakeClock } from "../fake-clock.ts";
import { createMemoryDisk } from "./memory-disk.ts";
import { smallRelease } from "./small-release.ts";

export const model = "digits-n";

const { signal } = new AbortController();
const away = () => Promise.reject(new Error("nobody is asked for this"));

export type DeviceParts = Awaited<ReturnType<typeof deviceParts>>;

/** A device that ran these releases, all of it in memory, and no line to anybody but what a test gives it. */
export async function deviceParts(...releases: readonly number[]) {
  const [fs, clock] = [createMemoryDisk(), createFakeClock()];
  const [store, shelf] = [await openState({ fs, folder: "/device" }), openShelf({ fs, folder: "/device" })];
  await store.change((state) => ({ ...state, identity: { ...state.identity, device: "dev_1" } }));
  for (const { artefact, golden, slot, bytes } of releases.map((release) => smallRelease(release))) {
    const path = await shelf.prepare(artefact.sha256, { signal });
    await (await fs.open(path)).writeAt(0, bytes);
    await shelf.put({ artefact, golden }, { signal });
    await store.change((state) => beginTrial(state, model, { slot }));
    await store.change((state) => activate(state, model, { now: 1, agreement: 1 }));
  }
  const runs = new Map<string, Pick<Running, "release" | "sha256">>();
  const { active } = modelOf(store.state, model);
  if (active) runs.set(model, active);
  const running: RunningModels = {
    find: (name) => runs.get(name) as Running | undefined,
    ...{ lease: () => undefined, names: () => [...runs.keys()] },
    turnTo: async ({ name, release, sha256 }) => void runs.set(name, { release, sha256 }),
    drop: async (name) => void runs.delete(name),
    onAnswer: () => ({ [Symbol.dispose]: () => {} }),
    [Symbol.asyncDispose]: async () => {},
  };
  const told: Parameters<SyncOnceParts["client"]["report"]>[0][] = [];
  const parts: SyncOnceParts = {
    ...{ fs, folder: "/device", store, shelf, running, clock, pace: noPace },
    chance: { number: () => 0.5, bytes: (count) => Buffer.alloc(count) },
    machine: { target: "any", agent: "1.0.0", memoryMb: 100 },
    client: {
      ...{ enrol: away, plan: away, rotate: away, time: away },
      report: async (report) => void told.push(report),
    },
    ...{ origins: [], openTrust: away, builtIn: new Map(), only: undefined, window: undefined },
    health: { follow: () => {}, note: async () => {}, usualOf: () => null },
    tryModel: async () => ({ held: true, agreement: 1_000_000 }),
    ...{ becomeDevice: async () => {}, renewKey: async () => {}, hardware: "test" },
    counts: { of: () => ({ images: 0, failed: 0, p95Ms: null }), [Symbol.dispose]: () => {} },
    memo: createMemo(0),
    log: createLog({ name: "test", level: "silent" }),
  };
  return { parts, store, shelf, runs, told };
}

/** Lists that name these releases, each for every machine. */
export function listNaming(...releases: readonly number[]): TrustedList {
  const artefacts = releases.map((release) => smallRelease(release).artefact);
  const file = (path: string) => [path, { path, address: path, bytes: 1, sha256: "0".repeat(64) }] as const;
  const companions = new Map(
    artefacts.flatMap(({ about }) => [file(about.golden.path), file(about.blocks.path)]),
  );
  const versions = { root: 1, timestamp: 1 };
  return { artefacts, revocations: [], companions, expiresAtMs: 1e15, versions, onlineKeys: new Map() };
}

/** Trust in what a test says that the repository has. */
export function trustIn(list: () => TrustedList): DeviceTrust & { readonly refreshes: () => number } {
  let [held, refreshes] = [list(), 0];
  return {
    list: () => held,
    refresh: async () => {
      refreshes += 1;
      held = list();
      return held;
    },
    ...{ now: () => 1_000, clockTrusted: () => true, refreshes: () => refreshes },
  };
}

export function planOf(...models: readonly PlannedModel[]) {
  return { device: "dev_1", nonce: "0123456789abcdef", at: 1, pollMs: 1_000, models: [...models] };
}
