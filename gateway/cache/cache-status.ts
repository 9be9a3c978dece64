/**
 * What became of a request in the cache: `hit` and `stale` were answered from it, the latter with an answer whose time
 * to be fresh is over; `miss` found none; `collapsed` found none and shared the run of another; `bypass` didn't look.
 */
export type CacheOutcome = "hit" | "stale" | "miss" | "bypass" | "collapsed";

export type CacheStatus = {
  readonly outcome: CacheOutcome;
  /** How long the answer stays fresh, below zero for how long it has not been. */
  readonly ttlMs?: number;
  readonly stored?: boolean;
  /** A word or two for people. */
  readonly detail?: string;
};

const heads: Readonly<Record<CacheOutcome, string>> = {
  hit: "tradewind; hit",
  // No `fwd`: that would say that a backend was asked for this answer. What tells it is a time below zero.
  stale: "tradewind; hit",
  miss: "tradewind; fwd=miss",
  bypass: "tradewind; fwd=bypass",
  collapsed: "tradewind; fwd=miss; collapsed",
};

const storedHeads: Readonly<Record<CacheOutcome, string>> = {
  hit: heads.hit,
  stale: heads.stale,
  miss: "tradewind; fwd=miss; stored",
  bypass: "tradewind; fwd=bypass; stored",
  collapsed: "tradewind; fwd=miss; stored; collapsed",
};

/** The value of the header `Cache-Status` of RFC 9211. */
export function cacheStatus({ outcome, ttlMs, stored = false, detail }: CacheStatus): string {
  const head = (stored ? storedHeads : heads)[outcome];
  const ttl = outcome === "stale" ? Math.min(ttlMs ?? -1, -1) : ttlMs;
  const withTtl = ttl === undefined ? head : `${head}; ttl=${Math.floor(ttl / 1_000)}`;
  return detail === undefined ? withTtl : `${withTtl}; detail=${quoted(detail)}`;
}

/** A string of RFC 8941 has printable ASCII only, so that nothing in it can begin another header. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}
