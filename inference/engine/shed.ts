import { TradewindError } from "#infra/runtime/errors.ts";
import type { Limits } from "./queue-policy.ts";
import { costOf, type RunCost } from "./run-cost.ts";
import type { Crowd } from "./waiting-lines.ts";

/** What one run would meet if it came now. */
export type Situation = {
  readonly cost: RunCost;
  /** Who is served before it. */
  readonly ahead: Crowd;
  /** Items in a batch when many wait. */
  readonly batchSize: number;
  /** Items in a run of late. */
  readonly usualItems: number;
  /** When each worker is free, in milliseconds from now; one at least. */
  readonly freeIn: readonly number[];
};

export type Newcomer = {
  readonly items: number;
  /** Nothing can be computed together with it. */
  readonly alone: boolean;
};

/** In milliseconds from now. */
export type Forecast = { readonly startMs: number; readonly endMs: number };

/**
 * When a run would start and end. It is put together with those ahead of it, and those who come behind it fill its batch
 * as full as batches were of late. Waiting for company is left out: nobody is refused because of that.
 */
export function predict(
  { cost, ahead, batchSize, usualItems, freeIn }: Situation,
  { items, alone }: Newcomer,
): Forecast {
  const shared = ahead.sharedItems + (alone ? 0 : items);
  const fullRuns = Math.min(
    Math.ceil(ahead.sharedItems / batchSize),
    Math.ceil(shared / batchSize) - (alone ? 0 : 1),
  );
  const itemsBefore = Math.min(ahead.sharedItems, fullRuns * batchSize);
  const runs = ahead.aloneRuns + fullRuns;
  const workMs = runs * cost.perRun + (ahead.aloneItems + itemsBefore) * cost.perItem;
  const startMs = startAfter(runs, runs > 0 ? workMs / runs : 0, freeIn);
  const together = Math.max(items + ahead.sharedItems - itemsBefore, Math.min(usualItems, batchSize));
  return { startMs, endMs: startMs + costOf(cost, alone ? items : together) };
}

/** Why a run is not even queued: it would be refused later, after others had waited behind it. */
export function refusal(forecast: Forecast, limits: Limits): TradewindError | undefined {
  const { startMs, endMs } = forecast;
  const { timeoutMs, deadlineMs, delays } = limits;
  if (startMs > timeoutMs && !delays) {
    return late(
      `the run would wait about ${shown(startMs)} ms, longer than its timeout of ${shown(timeoutMs)} ms`,
    );
  }
  if (!(endMs > deadlineMs)) return undefined;
  return late(
    `the answer would be there in about ${shown(endMs)} ms, later than the run's deadline of ${shown(deadlineMs)} ms`,
  );
}

/** Why a run that waited is given up. */
export function overtime({ timeoutMs, deadlineMs, delays }: Limits): TradewindError {
  if (timeoutMs <= deadlineMs && !delays) {
    return late(`the run waited longer than its timeout of ${shown(timeoutMs)} ms`);
  }
  return late(`the run still waited when its deadline of ${shown(deadlineMs)} ms had passed`);
}

function late(message: string): TradewindError {
  return new TradewindError("queue_timeout", message);
}

/** Microseconds are what the protocol counts in. */
function shown(ms: number): number {
  return ms < 10 ? Number(ms.toFixed(3)) : Math.round(ms);
}

const bisections = 50;

/** When the next run starts after so many others that take so long each, on workers that are free after so long. */
function startAfter(runs: number, eachMs: number, freeIn: readonly number[]): number {
  const soonest = freeIn.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
  if (runs === 0 || !(eachMs > 0)) return soonest;
  let early = soonest;
  let enough = soonest + runs * eachMs;
  for (let step = 0; step < bisections; step += 1) {
    const middle = (early + enough) / 2;
    if (startedBy(middle, eachMs, freeIn) > runs) enough = middle;
    else early = middle;
  }
  return enough;
}

function startedBy(ms: number, eachMs: number, freeIn: readonly number[]): number {
  let started = 0;
  for (const free of freeIn) {
    if (free <= ms) started += 1 + Math.floor((ms - free) / eachMs);
  }
  return started;
}
