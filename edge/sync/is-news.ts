import { isDeepStrictEqual } from "node:util";
import type { Plan, Report } from "#infra/runtime/devices/words.ts";

/** A report that the gateway took, and the plan that it followed. */
export type Told = {
  readonly report: Report;
  readonly planned: Plan["models"] | undefined;
  /** By the clock that never runs backwards. */
  readonly atMs: number;
};

/** A gateway whose records were put back to an older state hears the rest again after so long. */
const mostSilentMs = 3_600_000;

/** What a disk gains and loses by itself. */
const mostMoved = 1 / 8;

/**
 * Whether a report says what the one before it did not. That this device is there its asking for plans says already; and a
 * plan that became another is always answered, since a rollout counts by what follows from it.
 */
export function isNews(next: Told, last: Told | undefined): boolean {
  if (last === undefined || next.atMs - last.atMs >= mostSilentMs) return true;
  if (!isDeepStrictEqual(next.planned, last.planned)) return true;
  if (hasMoved(next.report.freeBytes, last.report.freeBytes)) return true;
  return !isDeepStrictEqual(lasting(next.report), lasting(last.report));
}

/** Against what was told last and not against a step, at which it could go up and down for ever. */
function hasMoved(next: number | null, last: number | null): boolean {
  if (next === null || last === null) return next !== last;
  return Math.abs(next - last) > last * mostMoved;
}

function lasting({ at: _at, metadataAgeMs, freeBytes: _free, ...rest }: Report): object {
  return { ...rest, hasMetadata: metadataAgeMs !== null };
}
