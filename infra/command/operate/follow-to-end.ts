import { leadUntil } from "#gateway/operations/lead-until.ts";
import type { Passage, Rollout } from "#gateway/operations/rollouts/rollout.ts";
import { wish } from "#gateway/records/rollouts.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { OpenedFleet } from "./open-fleet.ts";
import { recordsOf } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { type RolloutVoice, rolloutVoice } from "./rollout-voice.ts";

export type Following = {
  readonly fleet: OpenedFleet;
  readonly operator: Operator;
  readonly isJson: boolean;
  /** Each provider's candidate is promoted as soon as it stands. */
  readonly isNow?: boolean;
  /** The end that is exit code 0. */
  readonly wished: NonNullable<Rollout["outcome"]>;
  readonly everyMs?: number;
};

/** Goes with a rollout to its end, a line for each step, and leads it where no fleet process does. */
export async function followToEnd(id: string, following: Following): Promise<number> {
  const { fleet, operator, isJson, isNow = false, wished, everyMs } = following;
  const { signal } = operator;
  const { url, database } = recordsOf(fleet);
  const voice = rolloutVoice(operator, isJson);
  const skipGates = gateSkipper(id, following, voice);
  try {
    const rollout = await leadUntil(id, {
      ...operator,
      ...{ url, database, name: operator.actor.id, tellWaiting: voice.waits, tellTrouble: voice.troubled },
      tellCall: voice.calls,
      tell: (one, passage) => {
        voice.passed(one, passage);
        if (isNow) skipGates(passage);
      },
      ...(everyMs !== undefined && { everyMs }),
    });
    voice.ended(rollout);
    return rollout.outcome === wished ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    voice.left(id);
    return 1;
  }
}

/** A wish is for the provider in hand, so each provider's beginning is another one; whoever stops watching gates the rest. */
function gateSkipper(id: string, { fleet, operator }: Following, voice: RolloutVoice) {
  const { database } = recordsOf(fleet);
  const { actor, signal } = operator;
  const failed = (error: unknown): void => voice.unwished(id, asTradewindError(error));
  return ({ step }: Passage): void => {
    if (step === "deploy") wish(database, { id, wish: "promote", actor }, { signal }).catch(failed);
  };
}
