import { choose } from "#gateway/dispatch/choose.ts";
import type { Lane, Pool } from "#gateway/dispatch/pool.ts";
import { type Ending, Pursuit, type PursuitOptions } from "#gateway/dispatch/pursuit.ts";
import type { Try, TryFailure } from "#gateway/dispatch/try.ts";
import type { ChoiceAsk } from "#gateway/dispatch/weigh.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { seededRandom } from "./random.ts";

/** When these tests begin: the start of an hour and of a day, so that budgets are whole. */
export const dawn = 1_700_006_400_000;

export const forever = Number.POSITIVE_INFINITY;

export function chanceOf(seed: number): Chance {
  const random = seededRandom(seed);
  return { number: () => random.between(0, 1), bytes: (count) => new Uint8Array(count) };
}

export function chanceAlways(number: number): Chance {
  return { number: () => number, bytes: (count) => new Uint8Array(count) };
}

export function askAt(now: number, more: Partial<ChoiceAsk> = {}): ChoiceAsk {
  return { now, deadlineAt: now + 250, bytes: 1_000, tried: [], ...more };
}

export function laneAt({ lanes }: Pool, place: number): Lane {
  const lane = lanes[place];
  if (!lane) throw new Error(`no lane ${place}`);
  return lane;
}

/** So many answers that took so long, one after the other. */
export function learnSteady(
  { latency }: Pick<Lane, "latency">,
  ms: number,
  { at = dawn, count = 30, load = 1 }: { at?: number; count?: number; load?: number } = {},
): void {
  for (let turn = 0; turn < count; turn += 1)
    latency.learn({ at, ms, load, predictedMs: latency.predict(load, at) });
}

/** How often each lane is chosen for requests that leave nothing under way. */
export function countChoices(
  pool: Pool,
  count: number,
  { chance = chanceOf(5), ask = askAt(dawn) }: { chance?: Chance; ask?: ChoiceAsk } = {},
): number[] {
  const counts = pool.lanes.map(() => 0);
  for (let turn = 0; turn < count; turn += 1) {
    const place = choose(pool, ask, chance)?.lane.place;
    if (place !== undefined) counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

/** What becomes of a try after so long; Infinity where nothing is ever heard of it. */
export type Fate = { readonly ms: number; readonly failure?: TryFailure };

export const brokenDown: TryFailure = { retryable: true, isBackends: true, isFull: false };
export const callersMistake: TryFailure = { retryable: false, isBackends: false, isFull: false };

export function fullFor(retryAfterMs: number): TryFailure {
  return { retryable: true, isBackends: true, isFull: true, retryAfterMs };
}

/** One request on its way, and all that was asked to be done for it. */
export type Traveller = {
  readonly startedAt: number;
  readonly pursuit: Pursuit;
  readonly endings: Ending[];
  readonly sent: Try[];
  readonly aborted: Try[];
  readonly woken: { readonly lane: Lane; readonly requests: number }[];
  endedAt: number;
};

export type Timeline = {
  /** A request that comes now. */
  readonly arrive: (more?: Partial<PursuitOptions>) => Traveller;
  readonly runUntil: (at: number) => void;
  readonly now: () => number;
};

/** Real pursuits over one pool, in time that only `runUntil` moves. */
export function createTimeline(
  pool: Pool,
  fateOf: (made: Try, now: number) => Fate,
  { chance = chanceOf(9), at = dawn }: { chance?: Chance; at?: number } = {},
): Timeline {
  const events: { readonly at: number; readonly run: () => void }[] = [];
  let now = at;
  const add = (when: number, run: () => void): void => {
    if (when === forever) return;
    let place = events.length;
    while (place > 0 && (events[place - 1]?.at ?? 0) <= when) place -= 1;
    events.splice(place, 0, { at: when, run });
  };
  const arrive = (more: Partial<PursuitOptions> = {}): Traveller => {
    let calls = 0;
    const send = (made: Try): void => {
      traveller.sent.push(made);
      const { ms, failure } = fateOf(made, now);
      const hear = () => (failure ? pursuit.failed(made, failure, now) : pursuit.answered(made, now));
      // Whoever is aborted may still be heard of: nothing must come of it.
      add(now + ms, hear);
    };
    const callAt = (when: number): void => {
      calls += 1;
      const call = calls;
      add(when, () => (call === calls ? pursuit.onTime(now) : undefined));
    };
    const end = (ending: Ending): void => {
      traveller.endings.push(ending);
      traveller.endedAt = now;
    };
    const doer = {
      ...{ send, callAt, end },
      abort: (made: Try) => void traveller.aborted.push(made),
      wake: (lane: Lane, requests: number) => void traveller.woken.push({ lane, requests }),
    };
    const usual = { pool, choose, doer, chance, bytes: 1_000, deadlineAt: now + pool.terms.sloMs };
    const pursuit = new Pursuit({ ...usual, ...more });
    const traveller: Traveller = {
      ...{ startedAt: now, pursuit, endedAt: Number.NaN },
      ...{ endings: [], sent: [], aborted: [], woken: [] },
    };
    pursuit.begin(now);
    return traveller;
  };
  const runUntil = (until: number): void => {
    for (let next = events.at(-1); next && next.at <= until; next = events.at(-1)) {
      events.pop();
      now = Math.max(now, next.at);
      next.run();
    }
    now = Math.max(now, until);
  };
  return { arrive, runUntil, now: () => now };
}
