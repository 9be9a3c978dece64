import type { Terms } from "#adapters/terms.ts";
import { mostWithin, type Queue } from "./queue.ts";

/** What one instance does: so many at a time, each for so long. */
export type Capacity = {
  readonly slots: number;
  readonly serviceMs: number;
  readonly from: "measured" | "declared";
};

/** How long an answer took in the mean while so many were asked for at once, as the ledger tells. */
export type MeasuredSpeed = { readonly atOnce: number; readonly ms: number; readonly requests: number };

export type Promised = { readonly sloMs: number; readonly attain: number };

export type CapacityFacts = Promised & {
  readonly terms: Pick<Terms, "perInstance" | "prior">;
  readonly measured: readonly MeasuredSpeed[];
  /** Nobody knows how many instances were measured, so that none is taken for faster than it was declared. */
  readonly isGuess?: boolean;
};

/**
 * How one instance is best used within the SLO: as many at once as let it carry most. An instance is a queue with as
 * many servers as it takes at once and room for as many more as are still in time; what finds no room is missed.
 * Undefined where nothing was measured and nothing declared.
 */
export function capacityOf({ isGuess = false, ...facts }: CapacityFacts): Capacity | undefined {
  const found = bestUse(facts);
  if (!isGuess || !found || !facts.terms.prior) return found;
  const declared = bestUse({ ...facts, measured: [] });
  return declared && carriedBy(declared, 1, facts) < carriedBy(found, 1, facts) ? declared : found;
}

function bestUse({ terms, measured, ...promised }: CapacityFacts): Capacity | undefined {
  const line = lineOf(measured, terms.prior);
  if (!line) return undefined;
  const from = measured.some(isSpeed) ? "measured" : "declared";
  let best: Capacity = { slots: 1, serviceMs: timeAt(line, 1), from };
  let most = carriedBy(best, 1, promised);
  for (let slots = 2; slots <= Math.min(terms.perInstance, mostSlots); slots += 1) {
    const one = { slots, serviceMs: timeAt(line, slots), from } as const;
    const carried = carriedBy(one, 1, promised);
    if (carried > most * 1.001) [best, most] = [one, carried];
  }
  return best;
}

/** Requests a second that so many instances carry together within the SLO. */
export function carriedBy(capacity: Capacity, instances: number, promised: Promised): number {
  return mostWithin(1 - promised.attain, queueOf(capacity, instances, promised));
}

export function queueOf({ slots, serviceMs }: Capacity, instances: number, { sloMs }: Promised): Queue {
  return { servers: slots * instances, serviceMs, waitMs: unpacked * sloMs - slowest * serviceMs };
}

/** The slowest answers that still count take so many times the mean. */
const slowest = 1.5;

/** Nobody is let wait until the last moment: a queue is not as fast as its mean. */
const unpacked = 0.8;

const mostSlots = 256;

/** Milliseconds alone, and more for each other one. */
type Line = { readonly base: number; readonly each: number };

function timeAt({ base, each }: Line, atOnce: number): number {
  return Math.max(0.01, base + each * (atOnce - 1));
}

function isSpeed({ atOnce, ms, requests }: MeasuredSpeed): boolean {
  return atOnce >= 1 && ms > 0 && requests > 0 && atOnce * ms * requests < Number.POSITIVE_INFINITY;
}

/** Through what was measured; where that is all at one concurrency, with the slope that was declared. */
function lineOf(measured: readonly MeasuredSpeed[], prior: Terms["prior"]): Line | undefined {
  const speeds = measured.filter(isSpeed);
  const declared = prior && { base: prior.baseMs, each: prior.perInFlightMs };
  const count = sum(speeds, () => 1);
  if (count === 0) return declared;
  const x = sum(speeds, ({ atOnce }) => atOnce - 1) / count;
  const y = sum(speeds, ({ ms }) => ms) / count;
  const spread = sum(speeds, ({ atOnce }) => (atOnce - 1 - x) ** 2) / count;
  if (spread < 0.05) return through(x, y, declared);
  const slope = sum(speeds, ({ atOnce, ms }) => (atOnce - 1 - x) * (ms - y)) / count / spread;
  const each = Math.min(Math.max(0, slope), x > 0 ? y / x : Number.POSITIVE_INFINITY);
  return { base: y - each * x, each };
}

/** Of the shape that was declared, as slow as was measured; without one, an instance does one after the other. */
function through(x: number, y: number, declared: Line | undefined): Line {
  const expected = declared && timeAt(declared, x + 1);
  if (!declared || !expected) return { base: y / (x + 1), each: y / (x + 1) };
  return { base: (declared.base * y) / expected, each: (declared.each * y) / expected };
}

function sum(speeds: readonly MeasuredSpeed[], of: (speed: MeasuredSpeed) => number): number {
  return speeds.reduce((total, speed) => total + of(speed) * speed.requests, 0);
}
