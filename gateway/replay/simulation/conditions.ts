import type { Fault } from "./simulated-fleet.ts";

/** What is wrong with one backend at the moment. */
export type Conditions = {
  isDown: boolean;
  hangsUntil: number;
  /** Undefined where it takes requests. */
  fullForMs: number | undefined;
  errorShare: number;
  slowFactor: number;
  extraMs: number;
  priceFactor: number;
};

export function createConditions(): Conditions {
  return {
    isDown: false,
    hangsUntil: Number.NEGATIVE_INFINITY,
    fullForMs: undefined,
    errorShare: 0,
    slowFactor: 1,
    extraMs: 0,
    priceFactor: 1,
  };
}

/** All faults that last at the moment, together. */
export function describeConditions(conditions: Conditions, faults: readonly Fault[], now: number): void {
  Object.assign(conditions, createConditions());
  for (const fault of faults) if (fault.fromMs <= now && now < fault.toMs) apply(fault, conditions);
}

function apply(fault: Fault, conditions: Conditions): void {
  if (fault.kind === "down") conditions.isDown = true;
  else if (fault.kind === "hang") conditions.hangsUntil = Math.max(conditions.hangsUntil, fault.toMs);
  else if (fault.kind === "full") conditions.fullForMs = fault.retryAfterMs;
  else if (fault.kind === "errors")
    conditions.errorShare = 1 - (1 - conditions.errorShare) * (1 - fault.share);
  else if (fault.kind === "slow") conditions.slowFactor *= fault.factor;
  else if (fault.kind === "latency") conditions.extraMs += fault.ms;
  else conditions.priceFactor *= fault.factor;
}
