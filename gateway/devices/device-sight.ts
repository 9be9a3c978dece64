import type { FailureCause, ModelReport, PlannedModel } from "#infra/runtime/devices/words.ts";
import { type Liveness, livenessOf } from "./liveness.ts";

/** A device as the records have it. */
export type DeviceSight = {
  readonly id: string;
  readonly label: string | undefined;
  readonly hardware: string;
  readonly agent: string;
  readonly lastSeen: number | undefined;
  readonly pollMs: number;
  readonly setAside: { readonly at: number; readonly why: string } | undefined;
  /** Why its updates rest, as it says. */
  readonly trouble: string | undefined;
  readonly models: readonly DeviceModel[];
};

/** What it was told to run of a model, and what it says to run. */
export type DeviceModel = {
  readonly model: string;
  readonly planned:
    | (Pick<PlannedModel, "release" | "why"> & { readonly since: number | undefined })
    | undefined;
  readonly reported: (ModelReport & { readonly at: number }) | undefined;
};

export const sightStates = [
  "in_sync",
  "syncing",
  "probation",
  "failed",
  "fell_back",
  "built_in",
  "waiting",
  "stale",
  "offline",
  "set_aside",
] as const;

/** How a model stands on a device; whoever is silent or lags is never said to be in sync. */
export type SightState = (typeof sightStates)[number];

export type Sighted = {
  readonly device: DeviceSight;
  readonly model: DeviceModel;
  readonly state: SightState;
  readonly failure:
    | { readonly cause: FailureCause; readonly release: number; readonly detail: string }
    | undefined;
  /** For how long it has not been running what it was told to. */
  readonly lagMs: number | undefined;
};

export function livenessAt(device: DeviceSight, now: number): Liveness | "set_aside" {
  return device.setAside ? "set_aside" : livenessOf(device, now);
}

export function sight(device: DeviceSight, model: DeviceModel, now: number): Sighted {
  const { planned, reported } = model;
  const wanted = planned?.release ?? undefined;
  const isBehind = wanted !== undefined && reported?.active?.release !== wanted;
  const since = planned?.since;
  return {
    ...{ device, model, state: stateOf(model, isBehind, livenessAt(device, now)) },
    failure: reported?.failure ?? undefined,
    lagMs: isBehind && since !== undefined ? Math.max(0, now - since) : undefined,
  };
}

function stateOf({ reported }: DeviceModel, isBehind: boolean, alive: Liveness | "set_aside"): SightState {
  if (alive !== "fresh") return alive;
  if (!reported || reported.state === "none") return "waiting";
  return reported.state === "in_sync" && isBehind ? "syncing" : reported.state;
}
