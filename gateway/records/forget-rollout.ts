import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import type { EdgeRollout } from "../devices/rings/rollout.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";
import { holdModel, wasReached, writeEdgeRollout } from "./edge-rollouts.ts";

export type ForgetAsk = { readonly model: string; readonly actor: Actor };

export type Forgotten = {
  readonly gone: EdgeRollout;
  /** What it had superseded, as it stands now. */
  readonly paused: EdgeRollout | undefined;
};

/**
 * Takes the latest rollout of a model off the records, as of a release that nobody published. One that any device was told
 * of stays: plans follow from it. What it had superseded is paused, so that somebody decides whether it goes on.
 */
export async function forgetEdgeRollout(
  database: Database,
  { model, actor }: ForgetAsk,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Forgotten> {
  refuseUnlessOperator(actor, "forget a rollout");
  return await database.transaction(async (query) => {
    const [gone, before] = await holdModel(query, model);
    if (!gone) throw new TradewindError("record_unknown", `${model} was never rolled out to devices`);
    if (await wasReached(query, gone)) throw reached(gone);
    await query("DELETE FROM edge_rollouts WHERE id = $1", [gone.id]);
    const paused = before?.why === `superseded by ${gone.id}` ? await pause(query, before, gone) : undefined;
    const { id, release } = gone;
    const details = { model, release, ...(paused && { paused: paused.id }) };
    const tenant = usualRights.tenant;
    await recordAudit(query, { actor, action: "device-rollout.forget", subject: id, tenant, details });
    return { gone, paused };
  }, options);
}

async function pause(query: Query, before: EdgeRollout, { id }: EdgeRollout): Promise<EdgeRollout> {
  const why = `${id}, which had superseded it, was forgotten: resume goes on`;
  const paused: EdgeRollout = { ...before, state: "paused", why, endedAt: undefined };
  await writeEdgeRollout(query, paused);
  return paused;
}

function reached({ id, model, release }: EdgeRollout): TradewindError {
  const message = `${id} brought release ${release} of ${model} to devices, and is not forgotten`;
  return new TradewindError("parameter_invalid", message, {
    hint: "stop it, or roll it back, and they go back to what they ran before",
  });
}
