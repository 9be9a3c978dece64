import type { ErrorCode } from "#infra/runtime/errors.ts";
import type { Course } from "../dispatch/dispatch.ts";
import type { Pool } from "../dispatch/pool.ts";
import type { Try } from "../dispatch/try.ts";
import { type CandidatesSeen, snapshotCandidates } from "./candidates.ts";
import type { Decisions } from "./open-decisions.ts";
import type { PursuitFacts, Recorded } from "./record-pursuit.ts";

/** What a dispatch calls so that it is recorded. */
export type WatchedPursuit = {
  /** At the first choice, while the pool still remembers what it thought of each lane; later ones change nothing. */
  readonly onChoice: (pool: Pool) => void;
  readonly onFailure: (made: Try, code: ErrorCode) => void;
  /** With the code of its failure, where it failed. */
  readonly onEnd: (course: Course, code?: ErrorCode) => void;
  /** What was recorded, once it ended. */
  readonly recorded: () => Recorded | undefined;
};

export function watchPursuit(
  ledger: Pick<Decisions, "record">,
  facts: Omit<PursuitFacts, "seen" | "code" | "codes">,
): WatchedPursuit {
  let seen: CandidatesSeen | undefined;
  let codes: Map<Try, ErrorCode> | undefined;
  let recorded: Recorded | undefined;
  return {
    onChoice: (pool) => {
      seen ??= snapshotCandidates(pool);
    },
    onFailure: (made, code) => {
      codes ??= new Map();
      codes.set(made, code);
    },
    onEnd: (course, code) => {
      recorded ??= ledger.record(course, { ...facts, seen, code, ...(codes && { codes }) });
    },
    recorded: () => recorded,
  };
}
