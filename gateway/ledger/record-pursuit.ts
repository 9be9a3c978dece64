import { catalogue, type ErrorCode } from "#infra/runtime/errors.ts";
import type { Course } from "../dispatch/dispatch.ts";
import type { Try } from "../dispatch/try.ts";
import {
  type CandidatesSeen,
  candidatesOf,
  costOfOthers,
  moreThan,
  snapshotCandidates,
} from "./candidates.ts";
import type { Decision, Outcome, TryMade } from "./decision.ts";

/** What a course does not know of itself. */
export type PursuitFacts = Pick<
  Decision,
  "requestId" | "image" | "tenant" | "keyId" | "model" | "objective"
> & {
  readonly version?: string | undefined;
  /** Of the first choice; where nobody could be chosen it is taken from the pool. */
  readonly seen?: CandidatesSeen | undefined;
  /** Why there is no answer. */
  readonly code?: ErrorCode | undefined;
  /** Why single tries failed, as far as that is known. */
  readonly codes?: ReadonlyMap<Try, ErrorCode>;
};

/** A decision whose candidates are still bare numbers. */
export type Recorded = Omit<Decision, "candidates" | "more"> & { readonly seen: CandidatesSeen };

/** To be called when a pursuit ends, before anything else is chosen from its pool. */
export function recordPursuit(course: Course, facts: PursuitFacts): Recorded {
  const { pool, tries, startedAt, deadlineAt, bytes } = course;
  const {
    seen = tries.length === 0 ? snapshotCandidates(pool) : nothingSeen,
    codes,
    code: _,
    ...names
  } = facts;
  return {
    ...names,
    version: facts.version,
    at: startedAt,
    sloMs: pool.terms.sloMs,
    deadlineMs: Math.min(deadlineAt - startedAt, mostMs),
    bytes,
    tries: tries.map((made) => tryMade(made, course, codes?.get(made))),
    outcome: outcomeOf(course, facts, seen),
    seen,
  };
}

export function decisionOf({ seen, ...decision }: Recorded): Decision {
  return { ...decision, candidates: candidatesOf(seen), more: moreThan(seen) };
}

/** Longer than any request has; JSON knows no end of time. */
const mostMs = 86_400_000;

const nothingSeen: CandidatesSeen = { lanes: [], numbers: [] };

function tryMade(made: Try, { startedAt, endedAt }: Course, code: ErrorCode | undefined): TryMade {
  const { lane, kind, verdict, sentAt, predictedMs, costUsd, state } = made;
  return {
    backend: lane.standing.name,
    kind,
    verdict,
    sentAfterMs: sentAt - startedAt,
    predictedMs: finite(predictedMs),
    costUsd: finite(costUsd),
    ms: (state === "out" ? endedAt : made.endedAt) - sentAt,
    state,
    ...(code !== undefined && { code }),
  };
}

function outcomeOf(course: Course, { code }: PursuitFacts, seen: CandidatesSeen): Outcome {
  const { tries, ending, startedAt, endedAt, deadlineAt } = course;
  const by = ending === "answered" ? tries.find(({ state }) => state === "answered") : undefined;
  const others = costOfOthers(
    seen,
    tries.map(({ lane }) => lane),
    deadlineAt - startedAt,
  );
  const isExcused = code !== undefined && catalogue[code].blame === "caller";
  const isLate = endedAt > deadlineAt;
  return {
    ...(by && { answeredBy: by.lane.standing.name }),
    ...(!by && { code: code ?? "backend_none" }),
    totalMs: endedAt - startedAt,
    missed: isLate || (!by && !isExcused),
    spentUsd: tries.reduce((sum, { state, costUsd }) => sum + (state === "failed" ? 0 : finite(costUsd)), 0),
    ...(others && { cheapestOtherUsd: others.cheapest, dearestOtherUsd: others.dearest }),
  };
}

function finite(number: number): number {
  return Number.isFinite(number) ? number : 0;
}
