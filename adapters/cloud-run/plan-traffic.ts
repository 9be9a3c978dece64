import { TradewindError } from "#infra/runtime/errors.ts";
import type { Share } from "./read-service.ts";

/** The revision with this tag is the candidate, unless it has all of the traffic already. */
const candidateTag = "candidate";
/** The one that answered before the last promotion. */
const previousTag = "previous";

export type Roles = {
  readonly stable: string | undefined;
  readonly candidate: string | undefined;
  readonly previous: string | undefined;
};

export function rolesOf(shares: readonly Share[]): Roles {
  const tagged = (tag: string): string | undefined => shares.find((share) => share.tag === tag)?.revision;
  const [marked, before] = [tagged(candidateTag), tagged(previousTag)];
  const stable = mostUsed(shares, marked);
  const candidate = marked === stable ? undefined : marked;
  const isPrevious = before !== stable && before !== candidate;
  return { stable, candidate, previous: isPrevious ? before : undefined };
}

/** Where only the candidate answers. */
export function isCandidate({ tag }: Share): boolean {
  return tag === candidateTag;
}

export function percentOf(shares: readonly Share[], revision: string): number {
  return shares.reduce((sum, share) => sum + (share.revision === revision ? share.percent : 0), 0);
}

/**
 * What answers keeps all of the traffic, by its name: else the newest revision, which is the candidate, would have it.
 * What an earlier candidate had goes back.
 */
export function besides(shares: readonly Share[], candidate: string): readonly Share[] {
  const { stable } = rolesOf(shares);
  if (stable === undefined) throw nothingAnswers();
  const kept = shares.filter(({ revision, tag }) => tag !== candidateTag && revision !== candidate);
  const rest = 100 - kept.reduce((sum, { percent }) => sum + percent, 0);
  return tidy([
    ...kept,
    { revision: stable, percent: rest },
    { revision: candidate, percent: 0, tag: candidateTag },
  ]);
}

/** Undefined where it is so already. Shares are whole percents there; all of it is what a promotion is. */
export function shifted(
  shares: readonly Share[],
  candidate: string,
  share: number,
): readonly Share[] | undefined {
  const percent = wholePercent(share);
  if (percent === 100) return promoted(shares, candidate);
  const roles = rolesOf(shares);
  if (roles.candidate !== candidate || roles.stable === undefined) throw noCandidate(candidate);
  if (percentOf(shares, candidate) === percent) return undefined;
  return tidy([
    { revision: roles.stable, percent: 100 - percent },
    { revision: candidate, percent, tag: candidateTag },
    ...unpaid(shares, candidateTag),
  ]);
}

/** The tag stays, so that who still calls the candidate by its address is answered until it has heard of this. */
export function promoted(shares: readonly Share[], candidate: string): readonly Share[] | undefined {
  const roles = rolesOf(shares);
  if (roles.stable === candidate) return undefined;
  if (roles.candidate !== candidate || roles.stable === undefined) throw noCandidate(candidate);
  return tidy([
    { revision: candidate, percent: 100, tag: candidateTag },
    { revision: roles.stable, percent: 0, tag: previousTag },
    ...unpaid(shares, candidateTag, previousTag),
  ]);
}

/** Its address leads to what answers from now on, for those who have not heard of this yet. */
export function rolledBack(shares: readonly Share[], revision: string): readonly Share[] | undefined {
  const { stable, candidate, previous } = rolesOf(shares);
  if (stable !== undefined && candidate === revision)
    return tidy([{ revision: stable, percent: 100, tag: candidateTag }, ...unpaid(shares, candidateTag)]);
  if (stable !== revision) return undefined;
  if (previous === undefined)
    throw new TradewindError("provider_missing", `nothing is known to have answered before ${revision}`, {
      hint: "promote another revision instead",
    });
  const others = unpaid(shares, candidateTag, previousTag).filter((share) => share.revision !== revision);
  return tidy([{ revision: previous, percent: 100, tag: candidateTag }, ...others]);
}

function mostUsed(shares: readonly Share[], marked: string | undefined): string | undefined {
  if (marked !== undefined && percentOf(shares, marked) === 100) return marked;
  let most: { readonly revision: string; readonly percent: number } | undefined;
  for (const { revision } of shares) {
    const percent = percentOf(shares, revision);
    if (revision !== marked && percent > (most?.percent ?? 0)) most = { revision, percent };
  }
  return most?.revision;
}

/** Tags that somebody gave for reasons of their own. */
function unpaid(shares: readonly Share[], ...without: readonly string[]): readonly Share[] {
  return shares.flatMap(({ revision, tag }) =>
    tag === undefined || without.includes(tag) ? [] : [{ revision, percent: 0, tag }],
  );
}

/** One entry for each tag of a revision and for what has none, and none that says nothing. */
function tidy(shares: readonly Share[]): readonly Share[] {
  const entries = new Map<string, Share>();
  for (const share of shares) {
    const key = `${share.revision} ${share.tag ?? ""}`;
    entries.set(key, { ...share, percent: share.percent + (entries.get(key)?.percent ?? 0) });
  }
  return [...entries.values()].filter(({ percent, tag }) => percent > 0 || tag !== undefined);
}

/** A little is at least one percent, and not all of it at most 99. */
function wholePercent(share: number): number {
  if (share <= 0) return 0;
  return share >= 1 ? 100 : Math.min(99, Math.max(1, Math.round(100 * share)));
}

function noCandidate(revision: string): TradewindError {
  return new TradewindError("provider_missing", `${revision} is no candidate of this service`, {
    hint: "`tradewind status` says which revisions there are",
  });
}

function nothingAnswers(): TradewindError {
  return new TradewindError(
    "provider_refused",
    "no revision of this service answers yet, so nothing can stand beside it",
    {
      hint: "deploy its first revision with the platform's own means",
    },
  );
}
