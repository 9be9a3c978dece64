import type { DeviceState, ModelState, Slot } from "./device-state.ts";
import { isQuarantined, modelOf, withModel } from "./model-state.ts";
import { type ShelfItem, slotOf } from "./shelf-item.ts";

/**
 * For a device whose state was lost: what lies on the shelf says what it ran. There are at most the trial, the active
 * model and the one before it; which is which is told by the floor, and where that was lost too, the newest is taken for
 * a trial unless it is alone. At worst a model that held its self-test is tested once more.
 */
export function rebuildState(state: DeviceState, items: readonly ShelfItem[]): DeviceState {
  const names = new Set(items.map(({ about }) => about.model));
  return [...names].reduce((now, name) => rebuildModel(now, name, items), state);
}

function rebuildModel(state: DeviceState, name: string, items: readonly ShelfItem[]): DeviceState {
  const model = modelOf(state, name);
  if (model.active !== null) return state;
  const slots = items
    .filter(({ about, sha256 }) => about.model === name && !isQuarantined(model, sha256))
    .map(slotOf)
    .sort((one, other) => other.release - one.release);
  const { trial, held } = rolesOf(slots, model.floor);
  const [active = null, previous = null] = held;
  return withModel(state, name, {
    ...model,
    trial: trial === undefined ? null : { ...trial, triesLeft: 1 },
    active,
    previous,
    floor: Math.max(model.floor, active?.release ?? 0),
  } satisfies ModelState);
}

function rolesOf(
  slots: readonly Slot[],
  floor: number,
): { readonly trial: Slot | undefined; readonly held: readonly Slot[] } {
  const [newest, ...others] = slots;
  if (newest === undefined) return { trial: undefined, held: [] };
  if (floor > 0) {
    const trial = newest.release > floor ? newest : undefined;
    return { trial, held: slots.filter(({ release }) => release <= floor) };
  }
  return others.length === 0 ? { trial: undefined, held: [newest] } : { trial: newest, held: others };
}
