import type { Lane, Pool } from "../dispatch/pool.ts";
import { type Verdict, verdicts } from "../dispatch/verdicts.ts";
import type { Candidate } from "./decision.ts";

/** What a choice thought of the best lanes, as bare numbers: most are never looked at again. */
export type CandidatesSeen = {
  readonly lanes: readonly Lane[];
  /** Six for each: place, prediction, cost, chance of a miss, score, verdict. */
  readonly numbers: readonly number[];
};

export const mostCandidates = 16;

const width = 6;

/** A group is enough for `choose` while somebody in it is late less often than this. */
const rarelyLate = 0.1;

/** To be called right after a choice, since the next one overwrites what it thought. */
export function snapshotCandidates({ lanes, scratch }: Pick<Pool, "lanes" | "scratch">): CandidatesSeen {
  const places = lanes.length <= mostCandidates ? undefined : bestPlaces(scratch, lanes.length);
  const count = places ? places.length : lanes.length;
  const numbers = new Array<number>(count * width);
  for (let index = 0; index < count; index += 1) {
    const place = places ? (places[index] ?? 0) : index;
    const at = index * width;
    numbers[at] = place;
    numbers[at + 1] = scratch.predictedMs[place] ?? 0;
    numbers[at + 2] = scratch.costUsd[place] ?? 0;
    numbers[at + 3] = scratch.missChance[place] ?? 1;
    numbers[at + 4] = scratch.score[place] ?? 0;
    numbers[at + 5] = scratch.verdict[place] ?? 0;
  }
  return { lanes, numbers };
}

/** The same in words, the chosen one first. */
export function candidatesOf({ lanes, numbers }: CandidatesSeen): readonly Candidate[] {
  const found: { readonly rank: number; readonly candidate: Candidate }[] = [];
  for (let at = 0; at < numbers.length; at += width) {
    const [place = 0, predictedMs = 0, costUsd = 0, missChance = 1, score = 0, code = 0] = numbers.slice(
      at,
      at + width,
    );
    const verdict = verdicts[code] ?? "not considered";
    const candidate = {
      backend: lanes[place]?.standing.name ?? "",
      ...(!isUnseen[code] && known({ predictedMs, costUsd })),
      ...(isWeighed[code] && known({ missChance, scoreUsd: score })),
      verdict,
    };
    found.push({ rank: rankOf(code, score), candidate });
  }
  return found.sort((one, other) => one.rank - other.rank).map(({ candidate }) => candidate);
}

export function moreThan({ lanes, numbers }: CandidatesSeen): number {
  return lanes.length - numbers.length / width;
}

export type OtherCosts = { readonly cheapest: number; readonly dearest: number };

/** What those would have cost that were neither asked nor likely to be late. */
export function costOfOthers(
  { numbers, lanes }: CandidatesSeen,
  asked: readonly Lane[],
  deadlineMs: number,
): OtherCosts | undefined {
  let [cheapest, dearest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < numbers.length; at += width) {
    const lane = lanes[numbers[at] ?? 0];
    const costUsd = numbers[at + 2] ?? 0;
    if (!lane || asked.includes(lane) || !Number.isFinite(costUsd)) continue;
    if (!isInTime(numbers, at, deadlineMs)) continue;
    if (costUsd < cheapest) cheapest = costUsd;
    if (costUsd > dearest) dearest = costUsd;
  }
  return cheapest <= dearest ? { cheapest, dearest } : undefined;
}

/** Of one that was too dear from the start nobody asked how likely it is late: its prediction has to do. */
function isInTime(numbers: readonly number[], at: number, deadlineMs: number): boolean {
  const code = numbers[at + 5] ?? 0;
  if (isPruned[code]) return (numbers[at + 1] ?? 0) <= deadlineMs;
  return isWeighed[code] === true && (numbers[at + 3] ?? 1) <= rarelyLate;
}

/** In one pass, since it is done on the path: the best so far stay sorted. */
function bestPlaces({ score, verdict }: Pool["scratch"], count: number): readonly number[] {
  const places: number[] = [];
  const sorted: number[] = [];
  let worst = Number.POSITIVE_INFINITY;
  for (let place = 0; place < count; place += 1) {
    const rank = rankOf(verdict[place] ?? 0, score[place] ?? 0);
    if (rank >= worst) continue;
    let at = Math.min(sorted.length, mostCandidates - 1);
    for (; at > 0 && (sorted[at - 1] ?? 0) > rank; at -= 1) {
      sorted[at] = sorted[at - 1] ?? 0;
      places[at] = places[at - 1] ?? 0;
    }
    sorted[at] = rank;
    places[at] = place;
    if (sorted.length === mostCandidates) worst = sorted[mostCandidates - 1] ?? 0;
  }
  return places;
}

/** Whoever was taken, those who could have been by their score, those who could not, those nobody looked at. */
function rankOf(code: number, score: number): number {
  const rank = ranks[code] ?? 0;
  return rank > 0 ? rank : score < highest ? score + rank : highest + rank;
}

function known<Name extends string>(numbers: Readonly<Record<Name, number>>): Partial<Record<Name, number>> {
  const finite = Object.entries<number>(numbers).filter(([, number]) => Number.isFinite(number));
  return Object.fromEntries(finite) as Partial<Record<Name, number>>;
}

const isChosen = only("chosen", "chosen as canary", "chosen in panic");
const isWeighed = only("chosen", "chosen as canary", "lost on score");
const isPruned = only("dearer than the best could be");
/** Its numbers are those of an earlier choice. */
const isUnseen = only("not considered", "in a later group");

/** Above every score that means anything. */
const highest = 1e9;

/** Added to the score of those who could have been taken; the place of all others. */
const ranks: readonly number[] = verdicts.map((_, code) => {
  if (isChosen[code]) return -2 * highest;
  if (isWeighed[code] || isPruned[code]) return 0;
  return isUnseen[code] ? 4 * highest : 3 * highest;
});

/** By the number that stands for a verdict. */
function only(...some: readonly Verdict[]): readonly boolean[] {
  return verdicts.map((verdict) => some.includes(verdict));
}
