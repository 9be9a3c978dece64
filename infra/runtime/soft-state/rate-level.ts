import { divideDown, divideUp, paceOf } from "./pace.ts";
import type { Rate } from "./soft-state.ts";

/** How much of a rate was in use at one moment, in microseconds. */
export type Level = { readonly at: number; readonly level: number };

/** A rate as it stands at a moment, before it is asked for anything. */
export type Standing = {
  readonly rate: Rate;
  readonly now: number;
  /** The beginning of this tick. */
  readonly at: number;
  readonly tick: number;
  readonly unit: number;
  readonly capacity: number;
  readonly level: number;
};

/** What is left of the level that was kept; a rate that allows less since then is full at most. */
export function standingAt(now: number, rate: Rate, kept: Level | undefined): Standing {
  const { tick, unit, capacity } = paceOf(rate);
  const at = now - (now % tick);
  const ticks = kept ? Math.max(0, (at - kept.at) / tick) : 0;
  const level = kept ? Math.max(0, Math.min(kept.level, capacity) - ticks * rate.most) : 0;
  return { rate, now, at, tick, unit, capacity, level };
}

/** How long until the rate would let its cost pass: 0 for now, Infinity for never. */
export function waitOf(standing: Standing): number {
  const added = standing.rate.cost * standing.unit;
  if (added > standing.capacity) return Number.POSITIVE_INFINITY;
  return untilFallen(standing, Math.max(0, standing.level + added - standing.capacity));
}

export function taken(standing: Standing): Standing {
  return { ...standing, level: standing.level + standing.rate.cost * standing.unit };
}

export function remainingOf(standing: Standing): { readonly remaining: number; readonly resetMs: number } {
  const { capacity, level, unit } = standing;
  return { remaining: divideDown(capacity - level, unit), resetMs: untilFallen(standing, level) };
}

function untilFallen({ rate, now, at, tick }: Standing, height: number): number {
  return height === 0 ? 0 : divideUp(divideUp(height, rate.most) * tick - (now - at), 1_000);
}
