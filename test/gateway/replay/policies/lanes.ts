import type { Terms } from "#adapters/terms.ts";
import { createPool, type Lane, type Pool } from "#gateway/dispatch/pool.ts";
import { Standing } from "#gateway/dispatch/standing.ts";
import type { Try } from "#gateway/dispatch/try.ts";
import type { ChoiceAsk } from "#gateway/dispatch/weigh.ts";
import type { Policy } from "#gateway/replay/policy.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { seededRandom } from "#test/support/random.ts";

const forever = Number.POSITIVE_INFINITY;
const eject = { after: 3, baseMs: 2_000, mostMs: 64_000 };

/** A pool of so many backends, each with what is given of its terms. */
export function poolOf(given: readonly Partial<Terms>[]): Pool {
  const route = {
    sloMs: 250,
    money: { usdPerMiss: 0.01, usdPerSecond: 0.0002 },
    hedge: { share: 0.05, quantile: 0.95, mostBytes: 1_000_000 },
    retry: { share: 0.1, attempts: 3 },
    eject,
  };
  const lanes = given.map((own, place) => ({
    standing: new Standing(`b${place}`, { ...usual, ...own }, { eject, chance: chanceOf(place) }),
    group: 0,
  }));
  return createPool("digits-s", route, lanes);
}

export const usual: Terms = {
  ...{ billing: "provisioned", usdPerSecond: 0, usdPerRequest: 0, egressUsdPerGb: 0 },
  ...{ idleMs: 0, coldMs: 0, mostInFlight: 64, perInstance: 8 },
  ...{ budget: { usdPerHour: forever, usdPerDay: forever }, prior: { baseMs: 20, perInFlightMs: 5 } },
};

export function chanceOf(seed: number): Chance {
  const random = seededRandom(seed);
  return { number: () => random.between(0, 1), bytes: (count) => new Uint8Array(count) };
}

export function askAt(now: number, tried: readonly Lane[] = []): ChoiceAsk {
  return { now, deadlineAt: now + 250, bytes: 60_000, tried };
}

export function laneAt({ lanes }: Pool, place: number): Lane {
  return lanes[place] as Lane;
}

/** Places that are chosen one after the other, with nothing under way. */
export function placesOf(policy: Policy, pool: Pool, count: number, now = 1_000): number[] {
  const chance = chanceOf(7);
  return Array.from({ length: count }, () => policy.choose(pool, askAt(now), chance)?.lane.place ?? -1);
}

/** Tells a policy of an answer that took so long. */
export function tell(
  policy: Policy,
  lane: Lane,
  { ms, now, load = 1, state = "answered" }: { ms: number; now: number; load?: number; state?: Try["state"] },
): void {
  const made: Try = {
    ...{ lane, kind: "first", verdict: "chosen", sentAt: now - ms, load, predictedMs: ms },
    ...{ costUsd: 0, missChance: 0, waitMs: 0, state, endedAt: now, isSilent: false },
  };
  policy.ended?.(made, now);
}
