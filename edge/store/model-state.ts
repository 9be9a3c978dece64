import { type DeviceState, emptyModel, type ModelState } from "./device-state.ts";

/** What the state says of a model; of one it never heard of, that there is nothing. */
export function modelOf({ models }: DeviceState, name: string): ModelState {
  // A model may be called `constructor`.
  return (Object.hasOwn(models, name) ? models[name] : undefined) ?? emptyModel;
}

export function withModel(state: DeviceState, name: string, model: ModelState): DeviceState {
  return { ...state, models: { ...state.models, [name]: model } };
}

/** The files that the state points at: nothing else may be removed only because it is old. */
export function heldBy({ models }: DeviceState): ReadonlySet<string> {
  const slots = Object.values(models).flatMap(({ active, previous, trial }) => [active, previous, trial]);
  return new Set(slots.flatMap((slot) => (slot === null ? [] : [slot.sha256])));
}

/** Whether it is by this file that a model answers on probation. */
export function isOnProbation(state: DeviceState, name: string, sha256: string): boolean {
  const { active, probation } = modelOf(state, name);
  return probation !== null && active?.sha256 === sha256;
}

export function isQuarantined({ quarantined }: ModelState, sha256: string): boolean {
  return quarantined.some((one) => one.sha256 === sha256);
}
