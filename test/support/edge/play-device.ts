import { type BootChoice, chooseAtBoot } from "#edge/store/choose-at-boot.ts";
import { clearShelf } from "#edge/store/clear-shelf.ts";
import type { DeviceState, StateStore } from "#edge/store/device-state.ts";
import { dropRevoked } from "#edge/store/drop-revoked.ts";
import type { FileSystem } from "#edge/store/file-system.ts";
import { heldBy } from "#edge/store/model-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf, type Shelf } from "#edge/store/shelf.ts";
import { activate, beginTrial, endProbation, fallBack, quarantine } from "#edge/store/steps.ts";
import { makeLastingFolder, writeWhole } from "#edge/store/write-whole.ts";
import type { Claims } from "./device-claims.ts";
import { type SmallRelease, smallRelease } from "./small-release.ts";

export const data = "/data";
export const model = "digits-n";

export type PlayOptions = {
  readonly fs: FileSystem;
  readonly claim: (next: (claims: Claims) => Claims) => void;
  /** Removes what a change lets go before that change lasts: a planted mistake. */
  readonly collectsEarly?: boolean;
};

export type Player = {
  readonly enrol: () => Promise<void>;
  readonly switchTrust: (generation: number) => Promise<void>;
  readonly rotateKey: (key: string) => Promise<void>;
  /** Fetches, puts on the shelf, tests and activates. */
  readonly update: (release: SmallRelease) => Promise<void>;
  readonly refuse: (release: SmallRelease) => Promise<void>;
  readonly hold: () => Promise<void>;
  readonly fall: () => Promise<void>;
  readonly callBack: () => Promise<void>;
  readonly revoke: (release: SmallRelease) => Promise<void>;
  readonly collect: () => Promise<void>;
  readonly state: () => DeviceState;
  /** What a start would run now. */
  readonly boots: () => Promise<BootChoice["run"] | undefined>;
};

const signal = new AbortController().signal;

/** A device's life without its network and its arithmetic: what it does to its disk, and what it may then rely on. */
export async function playDevice({ fs, claim, collectsEarly = false }: PlayOptions): Promise<Player> {
  const store = claiming(await openState({ fs, folder: data }), claim);
  const shelf = openShelf({ fs, folder: data });
  const keep = async (hashes: ReadonlySet<string>): Promise<void> => {
    claim((now) => ({ ...now, shelved: new Set([...now.shelved].filter((sha256) => hashes.has(sha256))) }));
    await shelf.keepOnly(hashes);
  };
  const change = async (next: (state: DeviceState) => DeviceState): Promise<void> => {
    if (collectsEarly) await keep(heldBy(next(store.state)));
    await store.change(next);
  };
  return {
    enrol: () => enrol({ fs, store, claim }),
    switchTrust: (generation) => switchTrust({ fs, store, generation }),
    rotateKey: async (key) => {
      claim((now) => ({ ...now, keys: new Set([...now.keys, key]) }));
      await writeWhole(fs, `${data}/keys/device.pem`, Buffer.from(key));
      claim((now) => ({ ...now, keys: new Set([key]) }));
    },
    update: async (release) => {
      await shelve(fs, shelf, release);
      claim((now) => ({ ...now, shelved: new Set([...now.shelved, release.artefact.sha256]) }));
      await change((state) => beginTrial(state, model, release));
      await change((state) => activate(state, model, { now: 1_000 * release.slot.release, agreement: 1 }));
    },
    refuse: async (release) => {
      await shelve(fs, shelf, release);
      await change((state) => beginTrial(state, model, release));
      const verdict = { cause: "self_test_failed", detail: "it sees nothing" } as const;
      await change((state) => quarantine(state, model, { slot: release.slot, ...verdict }));
    },
    hold: () => change((state) => endProbation(state, model)),
    fall: () => change((state) => fallBack(state, model, { cause: "unhealthy", detail: "it sees nothing" })),
    callBack: () => change((state) => fallBack(state, model)),
    revoke: (release) => {
      const revoked = { sha256: [release.artefact.sha256], below: 0 };
      return change((state) => dropRevoked(state, [{ schema: 1, kind: "revocations", model, ...revoked }]));
    },
    collect: async () => {
      const held = heldBy(store.state);
      claim((now) => ({ ...now, shelved: new Set([...now.shelved].filter((sha256) => held.has(sha256))) }));
      await clearShelf({ shelf, store });
    },
    state: () => store.state,
    boots: async () => {
      const sound = await soundOn(shelf);
      return chooseAtBoot(store.state, { sound, builtIn: new Set() }).models.get(model)?.run;
    },
  };
}

/** Everything that can happen to a device, one after the other. */
export async function playWholeLife(options: PlayOptions): Promise<void> {
  const [first, second, third, fourth, fifth] = [1, 2, 3, 4, 5].map((release) => smallRelease(release));
  if (!first || !second || !third || !fourth || !fifth) throw new Error("unreachable");
  const player = await playDevice(options);
  await player.enrol();
  await player.switchTrust(1);
  await player.update(first);
  await player.hold();
  await player.switchTrust(2);
  await player.update(second);
  await player.collect();
  await player.hold();
  await player.rotateKey("the second key");
  await player.update(third);
  await player.collect();
  await player.fall();
  await player.collect();
  await player.refuse(fourth);
  await player.collect();
  await player.update(fifth);
  await player.callBack();
  await player.callBack();
  await player.switchTrust(3);
  await player.revoke(fifth);
  await player.collect();
}

function claiming(store: StateStore, claim: PlayOptions["claim"]): StateStore {
  claim((now) => ({ ...now, state: store.state }));
  return {
    get state() {
      return store.state;
    },
    change: async (next) => {
      const state = await store.change((was) => {
        const asked = next(was);
        claim((now) => ({ ...now, asked: new Map([...now.asked, [was.generation + 1, asked]]) }));
        return asked;
      });
      claim((now) => ({ ...now, state }));
      return state;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

async function enrol({
  fs,
  store,
  claim,
}: Pick<PlayOptions, "fs" | "claim"> & { readonly store: StateStore }): Promise<void> {
  await makeLastingFolder(fs, `${data}/keys`);
  await writeWhole(fs, `${data}/keys/device.pem`, Buffer.from("the first key"));
  claim((now) => ({ ...now, keys: new Set(["the first key"]) }));
  await store.change((state) => ({ ...state, identity: { device: "dev_1", reservedNumbers: 100 } }));
}

/** New lists in a folder of their own, and one change that makes them the ones that count. */
async function switchTrust({
  fs,
  store,
  generation,
}: Pick<PlayOptions, "fs"> & { readonly store: StateStore; readonly generation: number }): Promise<void> {
  const folder = `${data}/trust/${generation}`;
  await makeLastingFolder(fs, `${data}/trust`);
  await makeLastingFolder(fs, folder);
  for (const role of ["root", "timestamp"]) {
    await writeWhole(fs, `${folder}/${role}.json`, Buffer.from(JSON.stringify({ role, generation })));
  }
  const floors = { root: 1, timestamp: generation };
  await store.change(({ trust, ...state }) => ({
    ...state,
    trust: { ...trust, generation, floors, trustedTimeMs: generation * 1_000 },
  }));
}

async function shelve(fs: FileSystem, shelf: Shelf, release: SmallRelease): Promise<void> {
  const { artefact, bytes, golden } = release;
  const path = await shelf.prepare(artefact.sha256, { signal });
  const half = bytes.length >> 1;
  await using file = await fs.open(path);
  await file.writeAt(0, bytes.subarray(0, half));
  await file.writeAt(half, bytes.subarray(half));
  await shelf.put({ artefact, golden }, { signal });
}

/** The files of which every byte is right. */
export async function soundOn(shelf: Shelf): Promise<ReadonlySet<string>> {
  const sound = new Set<string>();
  for (const { sha256 } of await shelf.list()) if (await shelf.verify(sha256, { signal })) sound.add(sha256);
  return sound;
}
