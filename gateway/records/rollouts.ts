import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import {
  providerInHand,
  type Rollout,
  type RolloutState,
  stateSchema,
  type Wanted,
  type Wish,
  wantedSchema,
} from "../operations/rollouts/rollout.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";
import { readFreezes, refuseFrozen } from "./freezes.ts";
import { storableJson } from "./storable.ts";

type Options = { readonly signal?: AbortSignal };

export type NewRollout = {
  readonly id: string;
  readonly wanted: Wanted;
  readonly state: RolloutState;
  readonly actor: Actor;
  readonly note: string;
  /** Throws where it may not run beside those that do. */
  readonly check: (active: readonly Rollout[]) => void;
};

/** Writes what is to be done; whoever leads the fleet does it. */
export async function insertRollout(
  database: Database,
  { id, wanted, state, actor, note, check }: NewRollout,
  options: Options = {},
): Promise<Rollout> {
  refuseUnlessOperator(actor, "deploy");
  return await database.transaction(async (query) => {
    await query("SELECT pg_advisory_xact_lock($1)", [lockNumber]);
    refuseFrozen(await readFreezes(query), wanted.providers);
    check(await readRollouts(query, { isActive: true }));
    const text = `INSERT INTO rollouts (id, wanted, state, actor, note) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (id) DO NOTHING RETURNING ${columns}`;
    const values = [id, storableJson(wanted), storableJson(state), actor.id, note.slice(0, 500)];
    const [made] = await query(text, values, { parse: parseRollout });
    if (!made) throw new TradewindError("record_exists", `there is a rollout ${id} already`);
    const details = { image: wanted.image, models: wanted.models, providers: wanted.providers };
    await recordAudit(query, { actor, action: "rollout.start", subject: id, tenant, details });
    return made;
  }, options);
}

export type RolloutFilter = { readonly isActive?: boolean; readonly most?: number };

/** The newest first. */
export function readRollouts(
  query: Query,
  { isActive = false, most = 100 }: RolloutFilter = {},
  options: Options = {},
): Promise<Rollout[]> {
  const text = `SELECT ${columns} FROM rollouts WHERE NOT $1 OR outcome IS NULL
    ORDER BY created_at DESC, id LIMIT $2`;
  return query(text, [isActive, most], { ...options, parse: parseRollout });
}

export async function readRollout(query: Query, id: string, options: Options = {}): Promise<Rollout> {
  const text = `SELECT ${columns} FROM rollouts WHERE id = $1`;
  const [found] = await query(text, [id], { ...options, parse: parseRollout });
  if (!found) throw new TradewindError("record_unknown", `there is no rollout ${id.slice(0, 40)}`);
  return found;
}

export type WishAsk = {
  readonly id: string;
  readonly wish: Wish;
  readonly actor: Actor;
  /** Whom a promotion is meant for, where the one in hand may be another one by now. */
  readonly provider?: string | undefined;
};

/**
 * What an operator wants of a rollout: to be promoted at the provider in hand whatever was measured, or to go back. The
 * leader does it at its next turn; whoever wanted to go back is not overruled by a later promotion.
 */
export async function wish(
  database: Database,
  { id, wish: wanted, actor, provider }: WishAsk,
  options: Options = {},
): Promise<Rollout> {
  refuseUnlessOperator(actor, `${wanted} a rollout`);
  return await database.transaction(async (query) => {
    // Whoever leads takes it no further until this is written.
    await query("SELECT 1 FROM rollouts WHERE id = $1 FOR UPDATE", [id]);
    const before = await readRollout(query, id);
    const inHand = providerInHand(before);
    if (before.outcome)
      throw new TradewindError("parameter_invalid", `rollout ${id} is over: ${before.outcome}`);
    if (wanted === "promote") {
      refuseFrozen(await readFreezes(query), [inHand]);
      if (provider !== undefined && provider !== inHand)
        throw new TradewindError("parameter_invalid", `rollout ${id} is at ${inHand} by now`);
      if (before.state.back !== "" || before.wish?.kind === "rollback")
        throw new TradewindError("parameter_invalid", `rollout ${id} goes back already`);
    }
    const text = `UPDATE rollouts SET wish = $2, wished_by = $3
      WHERE id = $1 AND outcome IS NULL AND ($2 = 'rollback' OR wish IS DISTINCT FROM 'rollback')
      RETURNING ${columns}`;
    const [after] = await query(text, [id, wanted, actor.id], { parse: parseRollout });
    if (!after) throw new TradewindError("parameter_invalid", `rollout ${id} is over, or goes back`);
    await recordAudit(query, { actor, action: `rollout.${wanted}`, subject: id, tenant });
    return after;
  }, options);
}

export type Progress = {
  readonly id: string;
  readonly state: RolloutState;
  /** The wish that this fulfils. */
  readonly fulfils?: Wish | undefined;
  readonly outcome: Rollout["outcome"];
};

/** Where it stands now; to be written by whoever leads, in a transaction of their term. */
export async function writeProgress(
  leading: Database,
  { id, state, fulfils, outcome }: Progress,
  options: Options = {},
): Promise<void> {
  await leading.transaction(async (query) => {
    const text = `UPDATE rollouts SET state = $2, outcome = $4,
        ended_at = CASE WHEN $4::text IS NULL THEN NULL ELSE now() END,
        wish = CASE WHEN wish = $3 THEN NULL ELSE wish END
      WHERE id = $1 AND outcome IS NULL`;
    await query(text, [id, storableJson(state), fulfils ?? null, outcome ?? null]);
  }, options);
}

/** Any number will do as long as it is used for nothing else. */
const lockNumber = 2_018_104_526;

const tenant = usualRights.tenant;

const columns = "id, wanted, state, wish, wished_by, actor, note, created_at, outcome, ended_at";

const row = z.object({
  id: z.string(),
  wanted: wantedSchema,
  state: stateSchema,
  wish: z.enum(["promote", "rollback"]).nullable(),
  wished_by: z.string().nullable(),
  actor: z.string(),
  note: z.string(),
  created_at: z.date(),
  outcome: z.enum(["done", "rolled back"]).nullable(),
  ended_at: z.date().nullable(),
});

function parseRollout(given: unknown): Rollout {
  const { wish: kind, wished_by: by, created_at: createdAt, ended_at: endedAt, ...rest } = row.parse(given);
  return {
    ...rest,
    createdAt,
    wish: kind === null ? undefined : { kind, by: by ?? "somebody" },
    outcome: rest.outcome ?? undefined,
    endedAt: endedAt ?? undefined,
  };
}
