/** What the ledger has summed up at one moment. */
export type Totals = {
  readonly requests: number;
  readonly missed: number;
  readonly failed: number;
  readonly usd: number;
};

export type Stretch = Totals & { readonly ms: number };

export type DrillFinding = {
  readonly before: Stretch;
  readonly during: Stretch;
  /** Late or without an answer. */
  readonly missed: number;
  readonly missedShare: number;
  /** What the drill's requests cost beyond what as many cost before; undefined where nothing came before. */
  readonly extraUsd: number | undefined;
};

export function between(from: Totals, to: Totals, ms: number): Stretch {
  return {
    requests: to.requests - from.requests,
    missed: to.missed - from.missed,
    failed: to.failed - from.failed,
    usd: to.usd - from.usd,
    ms,
  };
}

export function findDrill(before: Stretch, during: Stretch): DrillFinding {
  const missed = during.missed + during.failed;
  const each = before.requests > 0 ? before.usd / before.requests : undefined;
  return {
    ...{ before, during, missed },
    missedShare: missed / Math.max(1, during.requests),
    extraUsd: each === undefined ? undefined : during.usd - each * during.requests,
  };
}

/**
 * Whether the limit is broken already and nothing that still comes can mend it: more was missed than may be of all the
 * requests that the whole drill will see at the pace of before.
 */
export function isBeyond(
  { before, during, missed }: DrillFinding,
  { mostMissed, forMs }: { readonly mostMissed: number; readonly forMs: number },
): boolean {
  const pace = before.ms > 0 ? before.requests / before.ms : 0;
  const expected = Math.max(during.requests, pace * forMs);
  return missed > mostMissed * expected;
}
