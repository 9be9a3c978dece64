import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import {
  type EdgeRollout,
  firstProgress,
  type Gate,
  gate,
  goesBack,
  isActive,
  progress,
  type Ring,
  reachesAll,
  ringList,
  rolloutStates,
} from "../devices/rings/rollout.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { type AuditAction, recordAudit } from "./audit.ts";
import { countRings } from "./ring-sizes.ts";
import { storable } from "./storable.ts";

type Options = { readonly signal?: AbortSignal };

export type NewEdgeRollout = {
  readonly id: string;
  readonly model: string;
  readonly release: number;
  readonly rings: readonly Ring[];
  readonly gate: Gate;
  readonly actor: Actor;
  readonly note?: string | undefined;
  readonly now: number;
};

/** Begins at the first ring; one of the same model that is under way is superseded. */
export async function startEdgeRollout(
  database: Database,
  asked: NewEdgeRollout,
  options: Options = {},
): Promise<EdgeRollout> {
  const { id, model, release, rings, gate: held, actor, note = "", now } = asked;
  refuseUnlessOperator(actor, "roll models out to devices");
  return await database.transaction(async (query) => {
    const before = await holdModel(query, model);
    refuseBackwards(asked, before);
    const active = before.find(isActive);
    if (active) await supersede(query, active, id);
    const counts = await countRings(query, { id, model, rings, now });
    const begun = { ...firstProgress(rings, now), counts };
    const text = `INSERT INTO edge_rollouts (id, model, release, rings, gate, state, progress, actor, note)
      VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8) RETURNING ${columns}`;
    const json = [JSON.stringify(rings), JSON.stringify(held)];
    const values = [
      id,
      model,
      release,
      ...json,
      JSON.stringify(begun),
      actor.id,
      storable(note).slice(0, 500),
    ];
    const [made] = await query(text, values, { parse: parseEdgeRollout });
    if (!made) throw new TradewindError("internal", "a rollout was written and not given back");
    const details = { model, release, rings, gate: held, ...(active && { supersedes: active.id }) };
    await recordAudit(query, { actor, action: "device-rollout.start", subject: id, tenant, details });
    return made;
  }, options);
}

export const rolloutTurns = ["pause", "resume", "stop", "rollback"] as const;

export type RolloutTurn = (typeof rolloutTurns)[number];

export type TurnAsk = { readonly model: string; readonly turn: RolloutTurn; readonly actor: Actor };

/**
 * What an operator wants of the latest rollout of a model; refused where that is not possible from where it stands. A
 * rollback reaches past those that were taken back already.
 */
export async function turnEdgeRollout(
  database: Database,
  { model, turn, actor }: TurnAsk,
  options: Options = {},
): Promise<EdgeRollout> {
  refuseUnlessOperator(actor, `${turn} a rollout`);
  const { from, to, action } = turns[turn];
  return await database.transaction(async (query) => {
    const rollouts = await holdModel(query, model);
    const given = turn === "rollback" ? await toRollBack(query, rollouts) : undefined;
    const latest = given ?? rollouts[0];
    if (!latest) throw new TradewindError("record_unknown", `${model} was never rolled out to devices`);
    if (!from.includes(latest.state)) throw impossible(latest, turn);
    const text = `UPDATE edge_rollouts SET state = $2, why = $3,
        ended_at = CASE WHEN $2 IN ('running', 'paused') THEN NULL ELSE coalesce(ended_at, now()) END
      WHERE id = $1 RETURNING ${columns}`;
    const why = turn === "resume" ? "" : `${to} by ${actor.id}`;
    const [turned] = await query(text, [latest.id, to, why], { parse: parseEdgeRollout });
    if (!turned) throw new TradewindError("internal", "a rollout was changed and not given back");
    const details = { model, release: latest.release, ring: latest.progress.ring + 1 };
    await recordAudit(query, { actor, action, subject: latest.id, tenant, details });
    return turned;
  }, options);
}

export type EdgeRolloutFilter = {
  /** All of them where none are named. */
  readonly models?: readonly string[] | undefined;
  /** So many of each model. */
  readonly most?: number;
};

/** Of each model the latest first. */
export function readEdgeRollouts(
  query: Query,
  { models, most = 30 }: EdgeRolloutFilter = {},
  options: Options = {},
): Promise<EdgeRollout[]> {
  const text = `SELECT ${columns} FROM (
      SELECT *, row_number() OVER (PARTITION BY model ORDER BY number DESC) AS place FROM edge_rollouts
      WHERE $1::text[] IS NULL OR model = ANY ($1)
    ) AS placed WHERE place <= $2 ORDER BY model, number DESC LIMIT 5000`;
  return query(text, [models ?? null, most], { ...options, parse: parseEdgeRollout });
}

/** Held until the transaction ends, so that nobody else counts or judges meanwhile. */
export async function holdEdgeRollout(query: Query, id: string): Promise<EdgeRollout | undefined> {
  const text = `SELECT ${columns} FROM edge_rollouts WHERE id = $1 FOR UPDATE`;
  const [found] = await query(text, [id], { parse: parseEdgeRollout });
  return found;
}

/** What counting and judging changed of a rollout that is held. */
export async function writeEdgeRollout(
  query: Query,
  { id, state, progress: now, why }: Pick<EdgeRollout, "id" | "state" | "progress" | "why">,
): Promise<void> {
  const text = `UPDATE edge_rollouts SET state = $2, progress = $3, why = $4,
      ended_at = CASE WHEN $2 IN ('running', 'paused') THEN NULL ELSE coalesce(ended_at, now()) END
    WHERE id = $1`;
  await query(text, [id, state, JSON.stringify(now), why.slice(0, 2_000)]);
}

const tenant = usualRights.tenant;

/** Any number will do as long as it is used for nothing else. */
const lockNumber = 2_018_104;

type Turning = {
  readonly from: readonly EdgeRollout["state"][];
  readonly to: EdgeRollout["state"];
  readonly action: AuditAction;
};

const turns: Readonly<Record<RolloutTurn, Turning>> = {
  pause: { from: ["running"], to: "paused", action: "device-rollout.pause" },
  resume: { from: ["paused"], to: "running", action: "device-rollout.resume" },
  stop: { from: ["running", "paused"], to: "stopped", action: "device-rollout.stop" },
  rollback: {
    from: ["running", "paused", "done", "superseded"],
    to: "rolled back",
    action: "device-rollout.rollback",
  },
};

/** One operator at a time; the latest first, each held. */
export async function holdModel(query: Query, model: string): Promise<EdgeRollout[]> {
  await query("SELECT pg_advisory_xact_lock($1, hashtext($2))", [lockNumber, model]);
  const text = `SELECT ${columns} FROM edge_rollouts WHERE model = $1 ORDER BY number DESC LIMIT 30 FOR UPDATE`;
  return await query(text, [model], { parse: parseEdgeRollout });
}

/**
 * The latest that is not taken back yet. What was everywhere before it stays, unless no device ever heard of those that
 * were stopped after it, and something came before it: a rollback beside a stop would else take back what the stop has
 * just brought back.
 */
async function toRollBack(query: Query, rollouts: readonly EdgeRollout[]): Promise<EdgeRollout | undefined> {
  const place = rollouts.findIndex((one) => !goesBack(one));
  const found = rollouts[place];
  if (found?.state !== "done" || place === 0) return found;
  const before = rollouts.slice(place + 1);
  if (!before.some((one) => !goesBack(one) && one.release !== found.release)) return undefined;
  for (const one of rollouts.slice(0, place))
    if (one.state === "rolled back" || (await wasReached(query, one))) return undefined;
  return found;
}

/** Whether any device was told of a rollout, or runs or ran what it brings. */
export async function wasReached(
  query: Query,
  { id, model, release }: Pick<EdgeRollout, "id" | "model" | "release">,
): Promise<boolean> {
  const text = `SELECT 1 AS one FROM edge_rollout_outcomes WHERE rollout = $1
    UNION ALL SELECT 1 FROM device_models
      WHERE model = $2 AND (planned_rollout = $1 OR $3 IN (planned, active, previous, highest))
    LIMIT 1`;
  return (await query(text, [id, model, release])).length > 0;
}

function refuseBackwards({ model, release }: NewEdgeRollout, before: readonly EdgeRollout[]): void {
  const active = before.find(isActive);
  if (active?.release === release)
    throw new TradewindError("record_exists", `release ${release} of ${model} is on its way: ${active.id}`);
  const done = before.find((one) => one.state === "done" && reachesAll(one));
  if (!done || release > done.release) return;
  // After one that was taken back, to what was everywhere is a way back.
  if (release === done.release && before[0] && goesBack(before[0])) return;
  const where =
    done.release === release ? "everywhere already" : `older than ${done.release}, which is everywhere`;
  throw new TradewindError("parameter_invalid", `release ${release} of ${model} is ${where}`, {
    hint: "devices go back by `tradewind models rollout rollback`; older files go out again as a new release",
  });
}

async function supersede(query: Query, { id }: EdgeRollout, by: string): Promise<void> {
  const text = `UPDATE edge_rollouts SET state = 'superseded', why = $2, ended_at = now() WHERE id = $1`;
  await query(text, [id, `superseded by ${by}`]);
}

function impossible({ id, state, model }: EdgeRollout, turn: RolloutTurn): TradewindError {
  const message = `the latest rollout of ${model}, ${id}, is ${state}: there is nothing to ${turn}`;
  const returning = "its devices go back by themselves to what they ran before";
  return new TradewindError("parameter_invalid", message, {
    ...(goesBack({ state }) && { hint: `${returning}; \`start\` begins another one` }),
  });
}

const columns =
  "id, number, model, release, rings, gate, state, progress, why, actor, note, started_at, ended_at";

const row = z.object({
  id: z.string(),
  number: z.coerce.number(),
  model: z.string(),
  release: z.coerce.number(),
  rings: ringList,
  gate,
  state: z.enum(rolloutStates),
  progress,
  why: z.string(),
  actor: z.string(),
  note: z.string(),
  started_at: z.date(),
  ended_at: z.date().nullable(),
});

function parseEdgeRollout(given: unknown): EdgeRollout {
  const { number, started_at: startedAt, ended_at: endedAt, ...rest } = row.parse(given);
  return { ...rest, order: number, startedAt, endedAt: endedAt ?? undefined };
}
