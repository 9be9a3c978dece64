import type { DeviceState, ModelState, Slot } from "./device-state.ts";
import { modelOf } from "./model-state.ts";
import { countDeath, countDownTrial, endTrial, quarantine } from "./steps.ts";
import type { Died } from "./work-mark.ts";

export type AtHand = {
  /** Files on the shelf of which every byte was read and is right. */
  readonly sound: ReadonlySet<string>;
  /** Models that came with the program. */
  readonly builtIn: ReadonlySet<string>;
  /** Files with which the process before this one computed when it died; a power cut is no such death. */
  readonly died?: Died;
};

export type BootChoice =
  | { readonly run: "active" | "previous"; readonly slot: Slot }
  | { readonly run: "built_in" | "nothing"; readonly slot: undefined };

export type ModelAtBoot = BootChoice & {
  /** A trial that was cut short, to be tested once more; its try is counted in `next` already. */
  readonly retry: Slot | undefined;
  /** What should run and cannot, to be fetched anew or repaired. */
  readonly missing: Slot | undefined;
};

export type AtBoot = {
  /** To be kept before anything is tried. */
  readonly next: DeviceState;
  readonly models: ReadonlyMap<string, ModelAtBoot>;
};

/**
 * What a device runs after a start: the active model, else the one before it, else what came with the program. Nothing is
 * asked of any network, and what cannot be run keeps its place in the state, since it may be repaired.
 */
export function chooseAtBoot(state: DeviceState, atHand: AtHand): AtBoot {
  const names = new Set([...Object.keys(state.models), ...atHand.builtIn]);
  const models = new Map<string, ModelAtBoot>();
  let next = state;
  for (const name of names) {
    next = leaveDeadly(finishSettingAside(next, name), name, atHand);
    const { trial } = modelOf(next, name);
    const isRetried = trial !== null && atHand.sound.has(trial.sha256) && trial.triesLeft > 0;
    next = isRetried ? countDownTrial(next, name) : leaveTrial(next, name, atHand);
    const model = modelOf(next, name);
    const choice = choose(model, name, atHand);
    const retry = isRetried ? slotIn(trial) : undefined;
    const missing = choice.run === "active" ? undefined : (model.active ?? undefined);
    models.set(name, { ...choice, retry, missing });
  }
  return { next, models };
}

/** That a file was set aside lasts a moment before the slots that lost it do: a cut in between is made good here. */
function finishSettingAside(state: DeviceState, name: string): DeviceState {
  const { active, previous, trial, quarantined } = modelOf(state, name);
  return [trial, previous, active]
    .flatMap((slot) => quarantined.filter(({ sha256 }) => sha256 === slot?.sha256))
    .reduce((now, { cause, detail, ...slot }) => quarantine(now, name, { slot, cause, detail }), state);
}

/** Twice may be chance, or somebody who ended the process by hand. */
const mostDeaths = 3;

/** What ends the process again and again gives way, if there is anything else: a device that answers now and then is better than none. */
function leaveDeadly(state: DeviceState, name: string, { died, sound, builtIn }: AtHand): DeviceState {
  const { active, previous, probation } = modelOf(state, name);
  const phase = active === null ? undefined : died?.get(active.sha256);
  if (active === null || probation === null || phase === undefined) return state;
  const counted = countDeath(state, name, phase);
  const now = modelOf(counted, name).probation ?? probation;
  const isReplaced = builtIn.has(name) || (previous !== null && sound.has(previous.sha256));
  if (Math.max(now.deaths, now.openings) < mostDeaths || !isReplaced) return counted;
  const detail = `the device stopped ${mostDeaths} times while it opened it or answered images with it`;
  return quarantine(counted, name, { slot: active, cause: "unhealthy", detail });
}

/** A trial that used up its tries ended the process each time; one whose file is gone may be fetched again. */
function leaveTrial(state: DeviceState, name: string, { sound }: AtHand): DeviceState {
  const { trial } = modelOf(state, name);
  if (trial === null) return state;
  if (!sound.has(trial.sha256)) return endTrial(state, name);
  const detail = "the device stopped each time it was tested";
  return quarantine(state, name, { slot: trial, cause: "self_test_crashed", detail });
}

function choose(model: ModelState, name: string, { sound, builtIn }: AtHand): BootChoice {
  const mayRun = (slot: Slot | null): slot is Slot => slot !== null && sound.has(slot.sha256);
  if (mayRun(model.active)) return { run: "active", slot: model.active };
  if (mayRun(model.previous)) return { run: "previous", slot: model.previous };
  return { run: builtIn.has(name) ? "built_in" : "nothing", slot: undefined };
}

function slotIn({ release, version, sha256, target }: Slot): Slot {
  return { release, version, sha256, target };
}
