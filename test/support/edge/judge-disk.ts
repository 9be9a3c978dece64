import { isDeepStrictEqual } from "node:util";
import { chooseAtBoot } from "#edge/store/choose-at-boot.ts";
import type { DeviceState, ModelState } from "#edge/store/device-state.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf } from "#edge/store/shelf.ts";
import { createCrashDisk, type DiskContent } from "./crash-disk.ts";
import type { Claims } from "./device-claims.ts";
import { data, soundOn } from "./play-device.ts";

/** Starts a device on what a power cut left, and says in which ways that is less than what it was told it has. */
export async function judgeDisk(disk: DiskContent, claims: Claims): Promise<readonly string[]> {
  const { fs } = createCrashDisk({ start: disk });
  await using store = await openState({ fs, folder: data });
  const shelf = openShelf({ fs, folder: data });
  const sound = await soundOn(shelf);
  return [
    ...stateFaults(store.state, claims),
    ...floorFaults(store.state, claims),
    ...shelfFaults(sound, claims),
    ...bootFaults(store.state, sound, claims),
    ...keyFaults(disk, claims),
    ...trustFaults(disk, store.state),
  ];
}

/** Either what was answered for, or what was asked for next; nothing older, nothing in between. */
function stateFaults(state: DeviceState, { state: answered, asked }: Claims): readonly string[] {
  const least = answered?.generation ?? 0;
  if (state.generation < least) return [`state ${state.generation} where ${least} was answered for`];
  if (state.generation === 0) return [];
  const known = asked.get(state.generation) ?? answered;
  return isDeepStrictEqual(pointers(state), pointers(known)) ? [] : [`state ${state.generation} is another`];
}

/** All but what may be ahead of its state, since it only grows. */
function pointers(state: DeviceState | undefined): unknown {
  const models = Object.entries(state?.models ?? {}).map(
    ([name, { floor: _, quarantined: _q, ...model }]) => [name, model],
  );
  return { models, trust: state?.trust.generation, device: state?.identity.device };
}

function floorFaults(state: DeviceState, { state: answered }: Claims): readonly string[] {
  if (!answered) return [];
  const sunk = Object.entries(answered.models).flatMap(([name, model]) =>
    modelFaults(name, modelOf(state, name), model),
  );
  const lists = Object.entries(answered.trust.floors)
    .filter(([role, version]) => (state.trust.floors[role] ?? 0) < version)
    .map(([role]) => `the floor of the list ${role} sank`);
  const numbers =
    state.identity.reservedNumbers < answered.identity.reservedNumbers ? ["proof numbers come again"] : [];
  const time = state.trust.trustedTimeMs < answered.trust.trustedTimeMs ? ["the trusted time went back"] : [];
  return [...sunk, ...lists, ...numbers, ...time];
}

function modelFaults(name: string, now: ModelState, then: ModelState): readonly string[] {
  const known = new Set(now.quarantined.map(({ sha256 }) => sha256));
  return [
    ...(now.floor < then.floor ? [`the floor of ${name} sank from ${then.floor} to ${now.floor}`] : []),
    ...then.quarantined
      .filter(({ sha256 }) => !known.has(sha256))
      .map(({ release }) => `release ${release} of ${name} may be tried again`),
  ];
}

function shelfFaults(sound: ReadonlySet<string>, { shelved }: Claims): readonly string[] {
  return [...shelved].filter((sha256) => !sound.has(sha256)).map((sha256) => `${sha256} left the shelf`);
}

function bootFaults(
  state: DeviceState,
  sound: ReadonlySet<string>,
  { state: answered }: Claims,
): readonly string[] {
  const { models } = chooseAtBoot(state, { sound, builtIn: new Set() });
  const mustRun = Object.entries(answered?.models ?? {}).filter(([, { active }]) => active !== null);
  const still = mustRun
    .filter(([name]) => models.get(name)?.slot === undefined)
    .map(([name]) => `nothing to load for ${name}`);
  const halves = Object.entries(state.models).flatMap(([name, { active, previous }]) =>
    [active, previous]
      .filter((slot) => slot !== null)
      .filter(({ sha256 }) => !sound.has(sha256))
      .map(({ release }) => `the state points at release ${release} of ${name}, which is not whole`),
  );
  return [...still, ...halves];
}

function keyFaults(disk: DiskContent, { keys }: Claims): readonly string[] {
  const key = disk.get(`${data}/keys/device.pem`)?.toString() ?? "none";
  return keys.size === 0 || keys.has(key) ? [] : ["the device's key is neither the old nor the new one"];
}

function trustFaults(disk: DiskContent, { trust: { generation } }: DeviceState): readonly string[] {
  if (generation === 0) return [];
  const lists = ["root", "timestamp"].map((role) => disk.get(`${data}/trust/${generation}/${role}.json`));
  return lists.every((list) => list?.toString().endsWith(`${generation}}`))
    ? []
    : [`the lists of generation ${generation} are not whole`];
}
