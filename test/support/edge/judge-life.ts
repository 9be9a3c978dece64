import type { DeviceState } from "#edge/store/device-state.ts";
import { heldBy, modelOf } from "#edge/store/model-state.ts";
import { deviceKeyOf } from "#infra/runtime/devices/proof.ts";
import { createCrashDisk, type DiskContent } from "./crash-disk.ts";
import { beginLife, type UpdateLife } from "./update-life.ts";
import { createMoments } from "./update-moments.ts";
import { beganAt, model, type UpdateWorld } from "./update-world.ts";

export type End = {
  /** What runs, and what was set aside on the way. */
  readonly release: number;
  readonly setAside: readonly number[];
};

export type NextLife = {
  /** What the life before it was told that it keeps. */
  readonly known: DeviceState;
  readonly end: End;
  /** What befalls it before it syncs. */
  readonly work?: ((life: UpdateLife, signal: AbortSignal) => Promise<void>) | undefined;
};

const { signal } = new AbortController();

/** Starts a device on what an earlier life left, lets it sync once, and says what is wrong with either. */
export async function judgeNextLife(
  start: DiskContent,
  world: UpdateWorld,
  { known, end, work }: NextLife,
): Promise<readonly string[]> {
  const life = await beginLife({ fs: createCrashDisk({ start }).fs, world, moments: createMoments() });
  const { found, state } = life.store;
  await life.boot(signal);
  const faults = [
    ...(found === "whole" ? [] : [`the state was found ${found}`]),
    ...sunkSince(known, state),
    ...answerFaults(life, world),
    ...(await slotFaults(life)),
  ];
  await life.tryAgain(signal);
  await work?.(life, signal);
  await life.sync(signal);
  return [...faults, ...(await endFaults(life, world, end))];
}

export async function endFaults(life: UpdateLife, world: UpdateWorld, end: End): Promise<readonly string[]> {
  const { active, trial, quarantined } = modelOf(life.store.state, model);
  const runs = life.running.find(model)?.release;
  const setAside = quarantined.map(({ release }) => release);
  const [told] = world.reports.at(-1)?.models ?? [];
  return [
    ...(active?.release === end.release ? [] : [`release ${active?.release} is active at the end`]),
    ...(runs === end.release ? [] : [`release ${runs} runs at the end`]),
    ...(trial === null ? [] : [`release ${trial.release} is still on trial`]),
    ...(String(setAside) === String(end.setAside) ? [] : [`releases ${setAside} are set aside`]),
    ...(told?.active?.release === end.release ? [] : [`release ${told?.active?.release} is reported`]),
    ...(told?.state && fitting(end).has(told.state) ? [] : [`it is reported to be ${told?.state}`]),
    ...answerFaults(life, world),
    ...(await slotFaults(life)),
    ...keyFaults(life, world),
  ];
}

function fitting({ setAside }: End): ReadonlySet<string> {
  return new Set(setAside.length === 0 ? ["in_sync", "probation"] : ["failed", "fell_back"]);
}

/** What only grows, by what the device itself was told that it keeps. */
function sunkSince(known: DeviceState, state: DeviceState): readonly string[] {
  const [then, now] = [modelOf(known, model), modelOf(state, model)];
  const again = then.quarantined.filter(
    ({ sha256 }) => !now.quarantined.some((one) => one.sha256 === sha256),
  );
  const lists = Object.entries(known.trust.floors).filter(
    ([role, version]) => (state.trust.floors[role] ?? 0) < version,
  );
  return [
    ...(state.generation < known.generation ? ["an older state is back"] : []),
    ...(now.floor < then.floor ? [`the floor sank from ${then.floor} to ${now.floor}`] : []),
    ...again.map(({ release }) => `release ${release} may be tried again`),
    ...lists.map(([role]) => `the floor of the list ${role} sank`),
    ...(state.trust.trustedTimeMs < known.trust.trustedTimeMs ? ["the trusted time went back"] : []),
    ...(state.identity.reservedNumbers < known.identity.reservedNumbers ? ["proof numbers come again"] : []),
  ];
}

/** Nothing is opened that is not whole, so that one answers says that it is. */
export function answerFaults({ running }: UpdateLife, { faults }: UpdateWorld): readonly string[] {
  return running.find(model) ? faults : [...faults, "no model answers"];
}

async function slotFaults({ store, shelf }: UpdateLife): Promise<readonly string[]> {
  const onShelf = (await shelf.list()).map(({ sha256 }) => sha256);
  const faults: string[] = [];
  for (const sha256 of new Set([...heldBy(store.state), ...onShelf])) {
    if (!(await shelf.verify(sha256, { signal }))) faults.push(`${sha256} is not whole`);
  }
  return faults;
}

function keyFaults({ keys }: UpdateLife, world: UpdateWorld): readonly string[] {
  const key = keys.current();
  const isKnown = key !== undefined && world.keys.has(deviceKeyOf(key.key).x);
  return [
    ...(isKnown ? [] : ["the gateway does not know the key"]),
    ...(key?.madeAtMs === beganAt ? [] : ["the key is still the old one"]),
    ...(keys.successor() ? ["a change of keys has not ended"] : []),
  ];
}
