import { z } from "zod";
import { type DeviceState, deviceState, emptyModel, emptyState, type ModelState } from "./device-state.ts";

/**
 * What only ever grows, kept a third time beside the two copies of the state: whichever of the three survives, no floor
 * sinks and nothing that was set aside is tried again. The merge is the same in any order and as often as one likes.
 */
const shape = deviceState.shape;

export const lasting = z.object({
  schema: z.literal(1),
  /** Of the state that it was written with. */
  generation: z.int().min(0),
  models: z.record(z.string(), z.object({ floor: z.int().min(0), quarantined: modelShape().quarantined })),
  trust: shape.trust,
  identity: shape.identity,
});

export type Lasting = z.output<typeof lasting>;

export function lastingOf({ generation, models, trust, identity }: DeviceState): Lasting {
  const kept = Object.entries(models)
    .map(([name, { floor, quarantined }]) => [name, { floor, quarantined }] as const)
    .filter(([, { floor, quarantined }]) => floor > 0 || quarantined.length > 0);
  return { schema: 1, generation, models: Object.fromEntries(kept), trust, identity };
}

/** The state with nothing lower than what is known to have been. */
export function raisedTo(state: DeviceState, known: Lasting): DeviceState {
  const models = { ...state.models };
  for (const [name, { floor, quarantined }] of Object.entries(known.models)) {
    const model = Object.hasOwn(models, name) ? models[name] : undefined;
    models[name] = raisedModel(model ?? emptyModel, { floor, quarantined });
  }
  const { trust, identity } = state;
  return {
    ...state,
    models,
    trust: {
      ...trust,
      floors: highest(trust.floors, known.trust.floors),
      trustedTimeMs: Math.max(trust.trustedTimeMs, known.trust.trustedTimeMs),
    },
    identity: {
      ...identity,
      reservedNumbers: Math.max(identity.reservedNumbers, known.identity.reservedNumbers),
    },
  };
}

/** For a device of which nothing else could be read: who it is and what it trusts, and no model. */
export function stateFrom(known: Lasting): DeviceState {
  const { trust, identity } = known;
  // It is written first: of the state that it was written with a power cut may have left nothing.
  const generation = Math.max(0, known.generation - 1);
  return raisedTo({ ...emptyState, generation, trust, identity }, known);
}

function modelShape() {
  return shape.models.valueType.shape;
}

function raisedModel(
  model: ModelState,
  { floor, quarantined }: Pick<ModelState, "floor" | "quarantined">,
): ModelState {
  return {
    ...model,
    floor: Math.max(model.floor, floor),
    quarantined: together(quarantined, model.quarantined),
  };
}

/** The newest last, as the newer copy has them. */
function together(
  older: ModelState["quarantined"],
  newer: ModelState["quarantined"],
): ModelState["quarantined"] {
  const known = new Set(newer.map(({ sha256 }) => sha256));
  return [...older.filter(({ sha256 }) => !known.has(sha256)), ...newer].slice(-50);
}

function highest(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  const all = { ...one };
  for (const [role, version] of Object.entries(other)) {
    all[role] = Math.max(Object.hasOwn(all, role) ? (all[role] ?? 0) : 0, version);
  }
  return all;
}
