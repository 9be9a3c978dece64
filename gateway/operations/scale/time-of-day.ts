import type { Count } from "./counts.ts";

const dayMs = 86_400_000;
const slots = 96;
const slotMs = dayMs / slots;

/** The most that an hour may differ from the mean of its day. */
const most = 20;

/**
 * How much more comes at a moment's time of day than in the mean of a day; undefined before two days were counted. Of
 * several days the middle one counts, so that one odd day changes little.
 */
export function timeOfDay(counts: readonly Count[]): ((at: number) => number) | undefined {
  const days = [...sumsByDay(counts)].map(sharesOf).filter((day) => day !== undefined);
  if (days.length < 2) return undefined;
  const factors = Array.from({ length: slots }, (_, slot) => median(days.map((day) => day[slot] ?? 1)));
  const mean = factors.reduce((sum, factor) => sum + factor, 0) / slots;
  if (!(mean > 0)) return undefined;
  return (at) => Math.min(most, Math.max(1 / most, between(factors, at) / mean));
}

type Sums = { readonly requests: Float64Array; readonly seconds: Float64Array };

/** Days are counted back from the newest count, wherever midnight is; what was counted by the hour is spread over it. */
function sumsByDay(counts: readonly Count[]): Iterable<Sums> {
  const last = counts.at(-1);
  const end = last ? last.at + last.seconds * 1_000 : 0;
  const days = new Map<number, Sums>();
  for (const { at, seconds, requests } of counts) {
    const parts = Math.max(1, Math.round((seconds * 1_000) / slotMs));
    for (let part = 0; part < parts; part += 1) {
      const middle = at + ((part + 0.5) * seconds * 1_000) / parts;
      const day = Math.floor((end - middle) / dayMs);
      const sums = days.get(day) ?? { requests: new Float64Array(slots), seconds: new Float64Array(slots) };
      days.set(day, sums);
      const slot = slotOf(middle);
      sums.requests[slot] = (sums.requests[slot] ?? 0) + requests / parts;
      sums.seconds[slot] = (sums.seconds[slot] ?? 0) + seconds / parts;
    }
  }
  return days.values();
}

function slotOf(at: number): number {
  return Math.floor((((at % dayMs) + dayMs) % dayMs) / slotMs);
}

/** Of each quarter of an hour, against the mean of that day; undefined for a day of which a fifth or more is missing. */
function sharesOf({ requests, seconds }: Sums): readonly (number | undefined)[] | undefined {
  const rates = Array.from(requests, (sum, slot) => {
    const counted = seconds[slot] ?? 0;
    return counted > 0 ? sum / counted : undefined;
  });
  const known = rates.filter((rate) => rate !== undefined);
  const mean = known.reduce((sum, rate) => sum + rate, 0) / known.length;
  if (known.length < 0.8 * slots || !(mean > 0)) return undefined;
  return rates.map((rate) => (rate === undefined ? undefined : rate / mean));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 1) + (sorted[Math.ceil(middle)] ?? 1)) / 2;
}

/** On the straight line between the middles of two quarters of an hour. */
function between(factors: readonly number[], at: number): number {
  const place = (((at % dayMs) + dayMs) % dayMs) / slotMs - 0.5 + slots;
  const [low, part] = [Math.floor(place), place - Math.floor(place)];
  return (factors[low % slots] ?? 1) * (1 - part) + (factors[(low + 1) % slots] ?? 1) * part;
}
