import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { advance, type Step } from "../devices/rings/advance.ts";
import { type EdgeRollout, isActive } from "../devices/rings/rollout.ts";
import type { Actor } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { type AuditAction, recordAudit } from "./audit.ts";
import { holdEdgeRollout, writeEdgeRollout } from "./edge-rollouts.ts";
import { countRings, resize } from "./ring-sizes.ts";

type Options = { readonly signal?: AbortSignal };

export type JudgeAsk = {
  readonly rollout: Pick<EdgeRollout, "id" | "model" | "rings">;
  /** How its release stands in the signed repository; nothing goes on where it is not there. */
  readonly standing?: "signed" | "revoked" | "missing";
  readonly now: number;
};

/**
 * Judges a rollout for the time that went by: a soak may be over, devices may have come or fallen silent. Whoever comes
 * second finds what the first made of it, so that two gateways never advance it twice.
 */
export async function judgeEdgeRollout(
  database: Database,
  { rollout: { id, model, rings }, standing = "signed", now }: JudgeAsk,
  options: Options = {},
): Promise<void> {
  const sizes = await countRings(database.query, { id, model, rings, now });
  await database.transaction(async (query) => {
    const held = await holdEdgeRollout(query, id);
    if (!held || !isActive(held)) return;
    const counts = resize(held.progress.counts, sizes);
    const sized = { ...held, progress: { ...held.progress, counts } };
    if (standing === "revoked") await writeRevoked(query, sized);
    else if (standing === "missing") await writeMissing(query, held);
    else await writeJudged(query, held, { after: sized, now });
  }, options);
}

/** What became of a rollout that is held: judged, written where that changed anything, and told in the audit. */
export async function writeJudged(
  query: Query,
  before: EdgeRollout,
  { after, now }: { readonly after: EdgeRollout; readonly now: number },
): Promise<void> {
  const { rollout, steps } = advance(after, now);
  if (JSON.stringify(written(rollout)) !== JSON.stringify(written(before)))
    await writeEdgeRollout(query, rollout);
  for (const step of steps) await tell(query, rollout, step);
}

async function writeRevoked(query: Query, rollout: EdgeRollout): Promise<void> {
  const why = `release ${rollout.release} was revoked`;
  await writeEdgeRollout(query, { ...rollout, state: "stopped", why });
  await tell(query, rollout, { what: "halt", ring: rollout.progress.ring, why });
}

async function writeMissing(query: Query, rollout: EdgeRollout): Promise<void> {
  const why = `release ${rollout.release} is in no signed list: publish it, and it goes on`;
  if (rollout.state === "running" && rollout.why !== why) await writeEdgeRollout(query, { ...rollout, why });
}

/** Who stands in the audit for what the counts decided. */
const rings: Actor = { id: "rings" };

const actions: Readonly<Record<Step["what"], AuditAction>> = {
  advance: "device-rollout.advance",
  finish: "device-rollout.finish",
  halt: "device-rollout.halt",
};

async function tell(query: Query, { id, model, release }: EdgeRollout, step: Step): Promise<void> {
  const { what, ring, why } = step;
  const event = { actor: rings, action: actions[what], subject: id, tenant: usualRights.tenant };
  await recordAudit(query, { ...event, details: { model, release, ring: ring + 1, why } });
}

function written({ state, progress, why }: EdgeRollout) {
  return { state, progress, why };
}
