import type { Clock } from "#infra/runtime/clock.ts";

/**
 * What this process has promised to the others to make. States of a claim here: held, from the moment the store said so
 * -> ended, by an answer or by giving up -> or lapsed, after as long as the store itself keeps it.
 */
export type Claims = {
  readonly take: (name: string) => void;
  readonly has: (name: string) => boolean;
  /** Answers whether it was held, so that it is given back once. */
  readonly end: (name: string) => boolean;
};

export type ClaimsOptions = {
  readonly clock: Clock;
  readonly claimMs: number;
  readonly most?: number;
};

export function createClaims({ clock, claimMs, most = 65_536 }: ClaimsOptions): Claims {
  const lapses = new Map<string, number>();
  const has = (name: string): boolean => (lapses.get(name) ?? -Infinity) > clock.elapsed();
  return {
    has,
    take: (name) => {
      lapses.delete(name);
      dropLapsed(lapses, clock.elapsed());
      // A claim that is not noted is not given back, and lapses in the store.
      if (lapses.size < most) lapses.set(name, clock.elapsed() + claimMs);
    },
    end: (name) => {
      const held = has(name);
      lapses.delete(name);
      return held;
    },
  };
}

/** In order of their taking, and so of their lapsing: the first that still holds ends the look. */
function dropLapsed(lapses: Map<string, number>, now: number): void {
  for (const [name, lapsesAt] of lapses) {
    if (lapsesAt > now) return;
    lapses.delete(name);
  }
}
