/** What the ledger has summed up at one moment. */
export type Totals = {
  readonly requests: number;
  /** Late, or without an answer through no fault of the caller's. */
  readonly missed: number;
  /** Without an answer, whoever's fault it is: some of these are among the missed, and callers' own mistakes are not. */
  readonly failed: number;
  readonly usd: number;
};

export type Stretch = Totals & { readonly ms: number };

export type DrillFinding = {
  readonly before: Stretch;
  readonly during: Stretch;
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
  const { missed } = during;
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

/** What a drill that lasted its time has shown. */
export type Verdict = "held" | "above the limit" | "inconclusive";

export function judgeDrill({ during, missedShare }: DrillFinding, mostMissed: number): Verdict {
  if (missedShare > mostMissed) return "above the limit";
  return during.requests < fewestFor(mostMissed) ? "inconclusive" : "held";
}

/** As many requests as it takes for a single miss to be within the limit; fewer would show nothing of it. */
export function fewestFor(mostMissed: number): number {
  // A limit of nothing is shown by no number of requests, so that this is as many as the usual limit takes.
  if (mostMissed === 0) return 1_000;
  return Math.ceil(1 / mostMissed - 1e-6);
}
