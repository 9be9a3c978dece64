import type { Count } from "#gateway/operations/scale/forecast.ts";
import { createSeeded } from "#gateway/replay/seeded.ts";
import { EventQueue, type Happening } from "#gateway/replay/simulation/event-queue.ts";
import type { Arrivals } from "#gateway/replay/traces/arrivals.ts";
import { siteFor } from "./route.ts";
import { Site } from "./site.ts";
import type { SiteTerms } from "./sites.ts";

export type Orders = readonly { readonly count?: number; readonly least?: number; readonly most?: number }[];

/** What a scaler sees each time it is asked. */
export type View = {
  readonly now: number;
  /** What came, by the minute; of the last one, what came so far. */
  readonly counts: readonly Count[];
  /** Of the last hour: what came, and what of it was not in time. */
  readonly lately: { readonly requests: number; readonly missed: number };
  /** All that came since the start. */
  readonly came: number;
  readonly sites: readonly Standing[];
};

export type Standing = {
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
  /** What all its instances worked together since the start. */
  readonly busyMs: number;
};

/** By the order of the sites; before the first request it says what stands. */
export type Scaler = { readonly first: Orders; readonly ask: (view: View) => Orders };

export type Played = {
  readonly requests: number;
  readonly missed: number;
  readonly usd: number;
  readonly standingUsd: number;
  /** Instances that stood and were paid for anyway, in the mean. */
  readonly usdBySite: readonly number[];
};

export type PlayOptions = {
  readonly sites: readonly SiteTerms[];
  readonly arrivals: Arrivals;
  readonly scaler: Scaler;
  readonly sloMs: number;
  readonly seed: number;
  /** What comes before only teaches. */
  readonly countsFromMs: number;
  readonly spanMs: number;
};

export const askEveryMs = 15_000;
const minuteMs = 60_000;

/** Requests come from the trace; each goes where it is in time and costs least, whoever scales. */
export function play(options: PlayOptions): Played {
  const { arrivals, sloMs, countsFromMs, spanMs, scaler } = options;
  const events = new EventQueue();
  const isInTime = new Uint8Array(arrivals.count);
  const inTime = (request: number, now: number): void => {
    if (now - (arrivals.atMs[request] ?? 0) <= sloMs) isInTime[request] = 1;
  };
  const sites = openSites(options, events, inTime);
  order(sites, scaler.first, 0);
  const counts = countAndAsk({ spanMs, scaler, sloMs, arrivals, events, sites, isInTime });
  for (let request = 0; request < arrivals.count; request += 1) {
    const at = arrivals.atMs[request] ?? 0;
    if (at >= spanMs) break;
    while (events.nextAt <= at) events.step();
    events.passTo(at);
    counts.came();
    siteFor(sites, at)?.send(request, at);
  }
  while (events.nextAt <= spanMs + 10 * sloMs) events.step();
  for (const site of sites) site.close(spanMs);
  const from = firstFrom(arrivals.atMs, countsFromMs);
  const to = firstFrom(arrivals.atMs, spanMs);
  return {
    requests: to - from,
    missed: to - from - isInTime.subarray(from, to).reduce((sum, one) => sum + one, 0),
    usd: sites.reduce((sum, { usd }) => sum + usd, 0),
    standingUsd: sites.reduce((sum, { usd, springs }) => (springs ? sum : sum + usd), 0),
    usdBySite: sites.map(({ usd }) => usd),
  };
}

function openSites(
  { sites, arrivals, sloMs, seed, countsFromMs, spanMs }: PlayOptions,
  events: EventQueue,
  answered: (request: number, now: number) => void,
): readonly Site[] {
  const seeded = createSeeded(seed).fork("sites");
  return sites.map(
    (terms) =>
      new Site({
        ...{ terms, events, sloMs, answered, arrivedAt: arrivals.atMs },
        seeded: seeded.fork(terms.declared.name),
        billed: { from: countsFromMs, to: spanMs },
      }),
  );
}

function firstFrom(atMs: Float64Array, ms: number): number {
  const found = atMs.findIndex((at) => at >= ms);
  return found < 0 ? atMs.length : found;
}

type Asking = Pick<PlayOptions, "scaler" | "spanMs" | "sloMs" | "arrivals"> & {
  readonly isInTime: Uint8Array;
  readonly events: EventQueue;
  readonly sites: readonly Site[];
};

/** What came is counted by the minute, as the fleet process does it, and the scaler asked every fifteen seconds. */
function countAndAsk(asking: Asking): { readonly came: () => void } {
  const { events, sites, scaler, spanMs } = asking;
  const counts: Count[] = [];
  const lately = rememberAnHour(asking);
  let [minute, requests, came] = [0, 0, 0];
  const ask: Happening = {
    place: -1,
    happen: (now) => {
      const soFar = { at: minute, seconds: (now - minute) / 1_000, requests };
      if (now - minute >= minuteMs) {
        counts.push(soFar);
        [minute, requests] = [now, 0];
      }
      const seen = now === minute ? counts : [...counts, soFar];
      const view = { now, counts: seen, came, lately: lately(now), sites: sites.map(standing) };
      order(sites, scaler.ask(view), now);
      if (now + askEveryMs <= spanMs) events.plan(ask, now + askEveryMs);
    },
  };
  events.plan(ask, askEveryMs);
  return {
    came: () => {
      came += 1;
      requests += 1;
    },
  };
}

/** What came in the last hour, and was not in time; what may still be is left out. */
function rememberAnHour({ arrivals, isInTime, sloMs }: Asking): (now: number) => View["lately"] {
  const sums = { requests: 0, missed: 0 };
  let [from, to] = [0, 0];
  return (now) => {
    for (; to < arrivals.count && (arrivals.atMs[to] ?? 0) <= now - sloMs; to += 1) {
      sums.requests += 1;
      sums.missed += 1 - (isInTime[to] ?? 0);
    }
    for (; from < to && (arrivals.atMs[from] ?? 0) <= now - 3_600_000; from += 1) {
      sums.requests -= 1;
      sums.missed -= 1 - (isInTime[from] ?? 0);
    }
    return { ...sums };
  };
}

function standing({ springs, count, least, running, pending, busyMs }: Site): Standing {
  return { desired: springs ? least : count, running, pending, busyMs };
}

function order(sites: readonly Site[], orders: Orders, now: number): void {
  for (const [place, site] of sites.entries()) site.order(orders[place] ?? {}, now);
}
