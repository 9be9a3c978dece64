import type { Revocations } from "#inference/artefacts/artefact.ts";
import type { DeviceState, Slot } from "./device-state.ts";
import { modelOf } from "./model-state.ts";
import { quarantine } from "./steps.ts";

/** What the newest signed lists forbid leaves every slot; the same state comes back where nothing of it is here. */
export function dropRevoked(state: DeviceState, revocations: readonly Revocations[]): DeviceState {
  return revocations.reduce(dropOf, state);
}

export function isRevoked(
  { sha256, release }: Pick<Slot, "sha256" | "release">,
  revoked: Pick<Revocations, "sha256" | "below">,
): boolean {
  return release < revoked.below || revoked.sha256.includes(sha256);
}

function dropOf(state: DeviceState, revoked: Revocations): DeviceState {
  const { active, previous, trial } = modelOf(state, revoked.model);
  // The previous one first: an active one must not give way to what is revoked as well.
  return [trial, previous, active]
    .filter((slot) => slot !== null)
    .filter((slot) => isRevoked(slot, revoked))
    .reduce((now, slot) => quarantine(now, revoked.model, { slot, ...becauseRevoked }), state);
}

const becauseRevoked = { cause: "revoked", detail: "its publisher revoked it" } as const;
