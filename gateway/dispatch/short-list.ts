import type { Lane, Pool, Scratch } from "./pool.ts";
import { verdictCode } from "./verdicts.ts";

/**
 * Of a large first group those that were best when all of it was last weighed. For a moment only these are weighed, so that
 * a large fleet costs a request no more than a middling one; who is not among them is looked at again a moment later, or at
 * once when none of these would be in time.
 */
type ShortList = { readonly lanes: readonly Lane[]; readonly until: number; left: number };

/** Smaller groups are always weighed whole. */
const large = 48;
const listed = 32;

/** So long, and for so many choices, since each choice makes a lane a little less good. */
const goodForMs = 50;
const goodFor = 256;

const lists = new WeakMap<Pool, ShortList>();

/** Whoever may be weighed instead of the whole first group, for one choice. */
export function takeShortList(pool: Pool, now: number): readonly Lane[] | undefined {
  if (pool.lanes.length <= large) return undefined;
  const short = lists.get(pool);
  if (!short || now >= short.until || short.left <= 0) return undefined;
  short.left -= 1;
  return short.lanes;
}

/** After the whole first group was weighed; where shares are declared there is none, since everybody has one then. */
export function renewShortList(pool: Pool, now: number): void {
  const { scratch } = pool;
  const [first = []] = pool.groups;
  if (first.length <= large || first.some(({ weight }) => weight !== undefined)) return;
  const usable = first.filter(({ place }) => Number.isFinite(scratch.score[place]));
  usable.sort((one, other) => scoreOf(scratch, one) - scoreOf(scratch, other));
  lists.set(pool, { lanes: usable.slice(0, listed), until: now + goodForMs, left: goodFor });
  for (const { place } of usable.slice(listed)) scratch.verdict[place] = verdictCode["not considered"];
}

function scoreOf({ score }: Scratch, { place }: Lane): number {
  return score[place] ?? 0;
}
