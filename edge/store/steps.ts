import type { FailureCause } from "#infra/runtime/devices/words.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Baseline } from "../health/baseline.ts";
import type { Stretch } from "../health/stretch.ts";
import type { DeviceState, ModelState, Slot } from "./device-state.ts";
import { isQuarantined, modelOf, withModel } from "./model-state.ts";
import type { Phase } from "./work-mark.ts";

/**
 * The steps of an update, each one change of the state and nothing else: what is handed in is left as it was, and a step
 * that has nothing to do hands the same state back.
 */
export type Failure = { readonly cause: FailureCause; readonly detail: string };

/** Why a file may not be tried here; undefined where it may. */
export function whyNotTried(
  state: DeviceState,
  name: string,
  slot: Slot,
): "active" | "quarantined" | "below_floor" | undefined {
  const model = modelOf(state, name);
  if (isQuarantined(model, slot.sha256)) return "quarantined";
  if (model.active?.sha256 === slot.sha256) return "active";
  const isPrevious = model.previous?.sha256 === slot.sha256 && model.previous.release === slot.release;
  return slot.release < model.floor && !isPrevious ? "below_floor" : undefined;
}

/** Before the first self-test of a file on the shelf; takes the place of another trial. */
export function beginTrial(
  state: DeviceState,
  name: string,
  { slot, tries = 1 }: { readonly slot: Slot; readonly tries?: number },
): DeviceState {
  const why = whyNotTried(state, name, slot);
  if (why !== undefined) throw mayNotBeTried(name, slot, why);
  const { release, version, sha256, target } = slot;
  const trial = { release, version, sha256, target, triesLeft: tries };
  return withModel(state, name, { ...modelOf(state, name), trial });
}

/** Before each try after a start, so that what ends the process is not tried for ever. */
export function countDownTrial(state: DeviceState, name: string): DeviceState {
  const model = modelOf(state, name);
  if (!model.trial?.triesLeft) return state;
  const trial = { ...model.trial, triesLeft: model.trial.triesLeft - 1 };
  return withModel(state, name, { ...model, trial });
}

/** A trial that ends without a verdict, such as one for a release nobody wants any longer. */
export function endTrial(state: DeviceState, name: string): DeviceState {
  const model = modelOf(state, name);
  return model.trial === null ? state : withModel(state, name, { ...model, trial: null });
}

export type Activation = {
  readonly now: number;
  readonly agreement: number | null;
  /** The file that answered until now, where that was not the active one because the active one is broken. */
  readonly ran?: string | undefined;
  /** What ran until now was like: what this one is held against. */
  readonly before?: Baseline | null;
};

/** The trial held its self-test: it is what runs, watched for a while, and what ran is kept to fall back to. */
export function activate(
  state: DeviceState,
  name: string,
  { now, agreement, ran, before = null }: Activation,
): DeviceState {
  const model = modelOf(state, name);
  if (model.trial === null) throw new TradewindError("internal", `${name} has nothing on trial to activate`);
  const { triesLeft: _, ...active } = model.trial;
  return withModel(state, name, {
    ...model,
    active,
    previous: behind(model, { ran, runs: active.sha256 }),
    trial: null,
    probation: { sinceMs: now, images: 0, deaths: 0, openings: 0, before, seen: [] },
    usual: null,
    floor: Math.max(model.floor, active.release),
    agreement,
  });
}

/** What to fall back to: the one that answered until now, and never the very file that runs from now on. */
function behind(
  { active, previous }: ModelState,
  { ran, runs }: { readonly ran: string | undefined; readonly runs: string },
): Slot | null {
  const isPreviousAtWork = previous !== null && previous.sha256 === ran && previous.sha256 !== runs;
  return isPreviousAtWork ? previous : active;
}

/** What runs came under a higher number, as a publisher goes back to it: the same bytes need no other trial. */
export function renumber(state: DeviceState, name: string, slot: Slot): DeviceState {
  const model = modelOf(state, name);
  if (model.active?.sha256 !== slot.sha256 || slot.release <= model.active.release) return state;
  return withModel(state, name, { ...model, active: slot, floor: Math.max(model.floor, slot.release) });
}

/** Said in lots: each change is a write to the disk. `seen` are the last of them. */
export function countImages(
  state: DeviceState,
  name: string,
  images: number,
  seen?: readonly Stretch[],
): DeviceState {
  const model = modelOf(state, name);
  if (model.probation === null || images === 0) return state;
  const { probation } = model;
  const counted = { images: probation.images + images, seen: seen ? [...seen] : probation.seen };
  return withModel(state, name, { ...model, probation: { ...probation, ...counted } });
}

/** The process ended while it opened the active one, or answered images with it. */
export function countDeath(state: DeviceState, name: string, phase: Phase): DeviceState {
  const model = modelOf(state, name);
  if (model.probation === null) return state;
  const { deaths, openings } = model.probation;
  const counted = phase === "opening" ? { openings: openings + 1 } : { deaths: deaths + 1 };
  return withModel(state, name, { ...model, probation: { ...model.probation, ...counted } });
}

/** The active one has held. */
export function endProbation(state: DeviceState, name: string): DeviceState {
  const model = modelOf(state, name);
  return model.probation === null ? state : withModel(state, name, { ...model, probation: null });
}

/** It opens after all: whoever ended the process meanwhile, it was not this one. */
export function forgetOpenings(state: DeviceState, name: string): DeviceState {
  const model = modelOf(state, name);
  if (!model.probation?.openings) return state;
  return withModel(state, name, { ...model, probation: { ...model.probation, openings: 0 } });
}

/** What the active one is like; while it is on probation nobody is held against it. */
export function keepUsual(state: DeviceState, name: string, usual: Baseline | null): DeviceState {
  const model = modelOf(state, name);
  if (model.active === null || model.probation !== null || usual === null) return state;
  if (JSON.stringify(model.usual) === JSON.stringify(usual)) return state;
  return withModel(state, name, { ...model, usual });
}

/**
 * Back to what ran before. With a failure the active one is set aside for good; without one, as when a rollout was
 * called back, the two change places. Nothing happens where there is nothing to fall back to.
 */
export function fallBack(state: DeviceState, name: string, failure?: Failure): DeviceState {
  const model = modelOf(state, name);
  const { active, previous } = model;
  if (previous === null) return state;
  if (active !== null && failure !== undefined) return quarantine(state, name, { slot: active, ...failure });
  return withModel(state, name, { ...afterFall(model), previous: active });
}

/** Never tried here again, and out of every slot it is in: an active one gives way to the previous, or to none. */
export function quarantine(
  state: DeviceState,
  name: string,
  { slot: { sha256, release }, cause, detail }: Failure & { readonly slot: Pick<Slot, "sha256" | "release"> },
): DeviceState {
  const model = without(modelOf(state, name), sha256);
  const others = model.quarantined.filter((one) => one.sha256 !== sha256);
  const quarantined = [...others, { sha256, release, cause, detail: detail.slice(0, 300) }].slice(-50);
  return withModel(state, name, { ...model, quarantined });
}

function without(model: ModelState, sha256: string): ModelState {
  const trial = model.trial?.sha256 === sha256 ? null : model.trial;
  const previous = model.previous?.sha256 === sha256 ? null : model.previous;
  const left = { ...model, trial, previous };
  return left.active?.sha256 === sha256 ? afterFall(left) : left;
}

function afterFall(model: ModelState): ModelState {
  const { previous, probation } = model;
  const usual = probation?.before ?? null;
  return { ...model, active: previous, previous: null, probation: null, usual, agreement: null };
}

function mayNotBeTried(name: string, { release }: Slot, why: string): TradewindError {
  const reason = {
    active: "runs already",
    quarantined: "was set aside here",
    below_floor: "is older than what ran here, and not what ran just before",
  }[why];
  return new TradewindError("repository_refused", `release ${release} of ${name} ${reason}`);
}
