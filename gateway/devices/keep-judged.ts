import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { judgeEdgeRollout } from "../records/judge-rollouts.ts";
import type { Release } from "./rings/plan-device.ts";
import { type EdgeRollout, isActive } from "./rings/rollout.ts";

export type JudgingDeps = {
  readonly database: Database;
  readonly releases: () => readonly Release[];
  readonly clock: Pick<Clock, "now" | "elapsed">;
};

export type Judging = {
  /** Judges those whose turn it is; resolves to whether any was. */
  readonly judge: (rollouts: readonly EdgeRollout[]) => Promise<boolean>;
};

/** A rollout is judged for the time that went by no more often than that, however many devices ask. */
const everyMs = 5_000;

/** A soak ends without a report, so whoever asks for a plan has the rollouts looked at, now and then. */
export function createJudging({ database, releases, clock }: JudgingDeps): Judging {
  const judgedAt = new Map<string, number>();
  const isDue = ({ id }: EdgeRollout): boolean =>
    clock.elapsed() - (judgedAt.get(id) ?? Number.NEGATIVE_INFINITY) >= everyMs;
  return {
    judge: async (rollouts) => {
      const due = rollouts.filter((one) => isActive(one) && isDue(one));
      for (const one of due) judgedAt.set(one.id, clock.elapsed());
      forgetOld(judgedAt, clock.elapsed());
      for (const rollout of due) {
        const standing = standingOf(rollout, releases());
        try {
          await judgeEdgeRollout(database, { rollout, standing, now: clock.now() });
        } catch (error) {
          sideConcernSkipped.publish({ what: "judging rollouts", detail: rollout.id, error });
        }
      }
      return due.length > 0;
    },
  };
}

function standingOf(
  { model, release }: EdgeRollout,
  releases: readonly Release[],
): "signed" | "revoked" | "missing" {
  const found = releases.find((known) => known.model === model && known.release === release);
  if (!found) return "missing";
  return found.revoked ? "revoked" : "signed";
}

function forgetOld(judgedAt: Map<string, number>, now: number): void {
  for (const [id, at] of judgedAt) if (now - at > 10 * everyMs) judgedAt.delete(id);
}
