import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { softLimits } from "#infra/runtime/soft-state/soft-limits.ts";
import type {
  Admission,
  Lookup,
  ReleaseOperation,
  SetOperation,
  SoftState,
} from "#infra/runtime/soft-state/soft-state.ts";
import type { CacheKey } from "./cache-key.ts";
import { type CachedAnswer, type FinishedAnswer, freshness } from "./cached-answer.ts";
import { createClaims } from "./claims.ts";
import { readEntry, writeEntry } from "./entry.ts";
import { dated, type KeepPolicy, withoutSkew } from "./lifetime.ts";
import type { MemoryTier } from "./memory-tier.ts";
import { createRefreshes } from "./refreshes.ts";
import { createSideWrites, tellSkipped } from "./side-writes.ts";
import { type Look, waitForAnswer } from "./wait-for-answer.ts";

/**
 * Answers in memory and behind it in the soft state, which all gateways share. States of an answer, over all gateways:
 *
 *   missing  -> claimed   the first to ask is told to make it; the others wait, each process for one of its own flights
 *   claimed  -> fresh     saved, which also ends the claim
 *            -> missing   given up, or its maker died and the claim lapsed: the next to look has it
 *   fresh    -> stale     shown, while each process makes a newer one at most once at a time
 *   stale    -> fresh     saved again
 *            -> missing   its time is over
 *
 * Nothing here hurts an answer: what fails is told aside, and whoever waited does the work.
 */
export type ResultCache = {
  /** From memory alone; fresh or stale, which the caller tells apart by `freshness`. */
  readonly peek: (key: CacheKey) => CachedAnswer | undefined;
  /** What to ask for on the way, in the operation that admits the request. */
  readonly lookup: (key: CacheKey) => Lookup;
  /** What the lookup found. Must hear of every lookup, since this is how a claim becomes known here. */
  readonly heard: (key: CacheKey, found: Found) => CachedAnswer | undefined;
  /** Keeps the answer from now on and ends the claim; nobody waits for it. Undefined where the answer isn't kept. */
  readonly save: (key: CacheKey, answer: FinishedAnswer, policy: KeepPolicy) => CachedAnswer | undefined;
  /** Ends the claim, if there is one, when there will be no answer: others needn't wait for it to lapse. */
  readonly giveUp: (key: CacheKey) => void;
  /**
   * Waits for the process that has the claim. Undefined when the caller is to do the work: the claim is now theirs, or
   * the wait was too long, or the soft state is away. Rejects only with the signal's reason.
   */
  readonly waitForOther: (key: CacheKey, options: WaitOptions) => Promise<CachedAnswer | undefined>;
  /** Undefined where a refresh of this key is under way here, or too many of others; dispose it when it has ended. */
  readonly claimRefresh: (key: CacheKey) => Disposable | undefined;
  /** Resolves when the writes under way have ended, for an orderly end. */
  readonly settled: () => Promise<void>;
};

export type Found = Admission["found"][number];

export type WaitOptions = {
  readonly signal: AbortSignal;
  readonly mostMs: number;
  /** Will this one do? Who finds one that won't has nobody to wait for, and does the work. */
  readonly accept?: (answer: CachedAnswer) => boolean;
};

export type ResultCacheOptions = {
  readonly softState: SoftState;
  readonly memory: MemoryTier;
  readonly clock: Clock;
  readonly chance: Chance;
  /** How long a claim holds without an answer: longer than an answer takes, since then two make it. */
  readonly claimMs: number;
  /** Whether no other gateway is there, so that there is nobody to claim an answer from. */
  readonly alone?: () => boolean;
  readonly mostWrites?: number;
  readonly mostRefreshes?: number;
};

export function createResultCache(options: ResultCacheOptions): ResultCache {
  const { softState, memory, clock, chance, claimMs, mostWrites = 16, mostRefreshes = 64 } = options;
  const { alone = () => false } = options;
  // One for the process, since its requests share the work: whichever was told of a claim, the one that flies ends it.
  const token = Buffer.from(chance.bytes(16)).toString("base64url");
  const claims = createClaims({ clock, claimMs });
  const refreshes = createRefreshes(mostRefreshes);
  const writes = createSideWrites(softState, mostWrites);
  const lookup = ({ name }: CacheKey): Lookup => ({
    key: answerName(name),
    ...(alone() ? {} : { claim: { key: claimName(name), token, ttlMs: claimMs } }),
  });
  const heard = (key: CacheKey, { value, claimed }: Found): CachedAnswer | undefined => {
    if (claimed) claims.take(key.name);
    return value && remember(key, value, { memory, now: clock.now() });
  };
  const endClaim = ({ tag, name }: CacheKey): ReleaseOperation[] =>
    claims.end(name) ? [{ kind: "release", tag, key: claimName(name), token }] : [];
  const giveUp = (key: CacheKey): void => {
    const release = endClaim(key);
    if (release.length > 0) writes.send(release, { urgent: true });
  };
  const look = async (key: CacheKey, signal: AbortSignal): Promise<Look> => {
    const admit = { kind: "admit", tag: key.tag, rates: [], budgets: [], lookups: [lookup(key)] } as const;
    const [{ found }] = await softState.apply([admit], { signal });
    const first = found[0] ?? { value: undefined, claimed: false };
    return { answer: heard(key, first), othersMakeIt: first.value === undefined && !first.claimed };
  };
  return {
    peek: (key) => memory.get(key),
    lookup,
    heard,
    save: (key, answer, policy) => {
      const kept = dated(answer, policy, { now: clock.now(), luck: chance.number() });
      const set = setEntry(key, kept);
      if (!set) return void giveUp(key);
      memory.set(key, kept);
      const released = endClaim(key);
      // Only who holds a claim may have somebody waiting for the answer.
      writes.send([set, ...released], { urgent: released.length > 0 });
      return kept;
    },
    giveUp,
    waitForOther: async (key, { signal, mostMs, accept }) => {
      const mine = (): boolean => claims.has(key.name);
      const waiting = { clock, signal, mostMs, mine, look: () => look(key, signal), skip: tellSkipped };
      const answer = await waitForAnswer(waiting);
      return answer && (accept?.(answer) ?? true) ? answer : undefined;
    },
    claimRefresh: ({ name }) => refreshes.begin(name),
    settled: writes.settled,
  };
}

/** Memory may know a newer answer, whose way to the soft state is not over: the older one must not replace it. */
function remember(
  key: CacheKey,
  value: Uint8Array,
  { memory, now }: { readonly memory: MemoryTier; readonly now: number },
): CachedAnswer | undefined {
  const read = readEntry(key, value);
  if (!read) {
    tellSkipped(new Error("an entry that was not written under its key, or is damaged"));
    return undefined;
  }
  const answer = withoutSkew(read, now);
  if (freshness(answer, now) === "gone") return undefined;
  const known = memory.get(key);
  if (known && known.storedAt >= answer.storedAt) return known;
  memory.set(key, answer);
  return answer;
}

/** Undefined where the answer is too large, or over before it begins. */
function setEntry(key: CacheKey, answer: CachedAnswer): SetOperation | undefined {
  const ttlMs = Math.min(Math.floor(answer.staleUntil - answer.storedAt), softLimits.ttlMs);
  const value = ttlMs > 0 ? writeEntry(key, answer) : undefined;
  return value && { kind: "set", tag: key.tag, key: answerName(key.name), value, ttlMs };
}

function answerName(name: string): string {
  return `answer:${name}`;
}

function claimName(name: string): string {
  return `claim:${name}`;
}
