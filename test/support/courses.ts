import type { Terms } from "#adapters/terms.ts";
import { choose } from "#gateway/dispatch/choose.ts";
import type { Course } from "#gateway/dispatch/dispatch.ts";
import { createPool, type LaneTerms, type Pool } from "#gateway/dispatch/pool.ts";
import { type Doer, Pursuit } from "#gateway/dispatch/pursuit.ts";
import { Standing } from "#gateway/dispatch/standing.ts";
import type { RouteTerms } from "#gateway/dispatch/terms.ts";
import type { Try } from "#gateway/dispatch/try.ts";
import { type CandidatesSeen, snapshotCandidates } from "#gateway/ledger/candidates.ts";
import type { PursuitFacts } from "#gateway/ledger/record-pursuit.ts";

/** Which answers after so long, or fails. */
export type Scripted = { readonly ms: number; readonly fails?: boolean };

export type Told = { readonly course: Course; readonly seen: CandidatesSeen | undefined };

const eject = { after: 3, baseMs: 2_000, mostMs: 64_000 };

export const usualTerms: RouteTerms = {
  sloMs: 250,
  money: { usdPerMiss: 0.01, usdPerSecond: 0.0002 },
  hedge: { share: 0.05, quantile: 0.95, mostBytes: 1_048_576 },
  retry: { share: 0.1, attempts: 3 },
  eject,
};

const half = { number: () => 0.5, bytes: (count: number) => new Uint8Array(count) };

/** A backend that is paid by the request, with what is believed of its speed. */
export function laneOf(
  name: string,
  { usd = 0, ms = 20, ...terms }: { readonly usd?: number; readonly ms?: number } & Partial<Terms> = {},
  more: Partial<LaneTerms> = {},
): LaneTerms {
  const usual: Terms = {
    billing: "request",
    usdPerSecond: 0,
    usdPerRequest: usd,
    egressUsdPerGb: 0,
    idleMs: 0,
    coldMs: 0,
    mostInFlight: 64,
    perInstance: 64,
    budget: { usdPerHour: Number.POSITIVE_INFINITY, usdPerDay: Number.POSITIVE_INFINITY },
    prior: { baseMs: ms, perInFlightMs: 1 },
  };
  return { standing: new Standing(name, { ...usual, ...terms }, { eject, chance: half }), group: 0, ...more };
}

export function poolOf(lanes: readonly LaneTerms[], terms: Partial<RouteTerms> = {}): Pool {
  return createPool("digits-s", { ...usualTerms, ...terms }, lanes);
}

/** A real pursuit in time that only this function moves; the script says what becomes of each try. */
export function pursue(
  pool: Pool,
  script: (made: Try) => Scripted,
  {
    at = 1_700_000_000_000,
    bytes = 1_000,
    deadlineMs = pool.terms.sloMs,
  }: { readonly at?: number; readonly bytes?: number; readonly deadlineMs?: number } = {},
): Told {
  let now = at;
  let wakeAt = Number.POSITIVE_INFINITY;
  let told: Told | undefined;
  let seen: CandidatesSeen | undefined;
  const out = new Map<Try, Scripted>();
  const doer: Doer = {
    send: (made) => {
      if (made.kind === "first") seen = snapshotCandidates(pool);
      out.set(made, script(made));
    },
    abort: (made) => void out.delete(made),
    callAt: (when) => {
      wakeAt = when;
    },
    wake: () => {},
    end: ({ kind }) => {
      const course = { pool, tries: pursuit.tries, ending: kind, startedAt: at, endedAt: now, bytes };
      told = { course: { ...course, deadlineAt: at + deadlineMs }, seen };
    },
  };
  const pursuit = new Pursuit({ pool, choose, doer, chance: half, bytes, deadlineAt: at + deadlineMs });
  pursuit.begin(now);
  while (!told) {
    const [next] = [...out].sort(([a, one], [b, other]) => a.sentAt + one.ms - b.sentAt - other.ms);
    const endAt = next ? next[0].sentAt + next[1].ms : Number.POSITIVE_INFINITY;
    now = Math.max(now, Math.min(endAt, wakeAt));
    if (next && endAt <= wakeAt) {
      const [made, { fails }] = next;
      out.delete(made);
      if (fails) pursuit.failed(made, { retryable: true, isBackends: true, isFull: false }, now);
      else pursuit.answered(made, now);
    } else {
      wakeAt = Number.POSITIVE_INFINITY;
      pursuit.onTime(now);
    }
  }
  return told;
}

export function factsOf(more: Partial<PursuitFacts> = {}): PursuitFacts {
  const names = { requestId: "R1", image: 0, tenant: "acme", keyId: "k1", model: "digits-s" };
  return { ...names, objective: "balanced", ...more };
}
