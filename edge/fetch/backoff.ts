import type { Chance } from "#infra/runtime/chance.ts";

export type BackoffBounds = { readonly baseMs: number; readonly mostMs: number };

/** Minutes where nothing helps, and a second where a line only broke. */
export const usualBackoff: BackoffBounds = { baseMs: 1_000, mostMs: 900_000 };

/**
 * How long to wait after so many failures in a row: anything up to a bound that doubles with each, so that devices that
 * lost the same server do not come back together.
 */
export function backoffMs(
  failures: number,
  chance: Pick<Chance, "number">,
  { baseMs, mostMs }: BackoffBounds = usualBackoff,
): number {
  const bound = Math.min(mostMs, baseMs * 2 ** Math.min(30, Math.max(0, failures)));
  return chance.number() * bound;
}
