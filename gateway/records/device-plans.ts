import { z } from "zod";
import type { PlannedModel } from "#infra/runtime/devices/words.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import type { ReportedModel } from "../devices/rings/plan-device.ts";

type Options = { readonly signal?: AbortSignal };

/** What is on record of a device's models: what it last said, what it was last told, and where it is to stay. */
export type KnownModels = {
  readonly reported: ReadonlyMap<string, ReportedModel>;
  readonly planned: ReadonlyMap<string, Told>;
  readonly pins: ReadonlyMap<string, number>;
  /** How often it was last told to ask; undefined before its first plan. */
  readonly pollMs: number | undefined;
};

export type Told = Pick<PlannedModel, "release" | "why"> & { readonly rollout: string | undefined };

/** In one query, since each poll of each device asks it. */
export async function readKnownModels(
  query: Query,
  device: string,
  options: Options = {},
): Promise<KnownModels> {
  const found = await query(select, [device], { ...options, parse: (given) => row.parse(given) });
  const rows = found.flatMap(({ model, ...rest }) => (model === null ? [] : [{ model, ...rest }]));
  return {
    reported: new Map(
      rows
        .filter(({ reported_at: at }) => at !== null)
        .map(({ model, active, previous, highest }) => [model, { active, previous, highest: highest ?? 0 }]),
    ),
    planned: new Map(
      rows.flatMap(({ model, planned: release, planned_why: why, planned_rollout: rollout }) =>
        why === null ? [] : [[model, { release, why, rollout: rollout ?? undefined }] as const],
      ),
    ),
    pins: new Map(rows.flatMap(({ model, pinned }) => (pinned === null ? [] : [[model, pinned] as const]))),
    pollMs: found[0]?.poll_ms ?? undefined,
  };
}

export type PlanNote = {
  readonly device: string;
  readonly models: readonly PlannedModel[];
  readonly known: Pick<KnownModels, "planned" | "pollMs">;
  readonly pollMs: number;
  readonly now: number;
};

/** Lays down what a device is told, where it is something new to it; since when counts from a change of the release. */
export async function notePlan(
  database: Database,
  { device, models, known, pollMs, now }: PlanNote,
  options: Options = {},
): Promise<void> {
  if (known.pollMs !== pollMs)
    await database.query("UPDATE devices SET poll_ms = $2 WHERE id = $1", [device, pollMs], options);
  const news = models.filter((one) => !isTold(one, known.planned.get(one.model)));
  if (news.length === 0) return;
  const values = [
    device,
    new Date(now),
    news.map(({ model }) => model),
    news.map(({ release }) => release),
    news.map(({ why }) => why),
    news.map(({ rollout }) => rollout ?? null),
  ];
  await database.query(insert, values, options);
}

function isTold({ release, why, rollout }: PlannedModel, told: Told | undefined): boolean {
  return told?.release === release && told.why === why && told.rollout === rollout;
}

const select = `SELECT poll_ms, model, planned, planned_why, planned_rollout, active, previous, highest,
    known.reported_at, pinned
  FROM devices LEFT JOIN (
    (SELECT * FROM device_models WHERE device = $1) AS known
    FULL JOIN (SELECT model, release AS pinned FROM device_pins WHERE device = $1) AS pins USING (model)
  ) ON true
  WHERE id = $1 LIMIT 1000`;

const insert = `INSERT INTO device_models AS kept
    (device, model, planned, planned_why, planned_rollout, planned_at)
  SELECT $1, model, release, why, rollout, $2
  FROM unnest($3::text[], $4::bigint[], $5::text[], $6::text[]) AS news (model, release, why, rollout)
  ON CONFLICT (device, model) DO UPDATE SET planned = excluded.planned,
    planned_why = excluded.planned_why, planned_rollout = excluded.planned_rollout,
    planned_at = CASE WHEN kept.planned_at IS NULL OR kept.planned IS DISTINCT FROM excluded.planned
      THEN excluded.planned_at ELSE kept.planned_at END`;

const release = z.coerce.number().nullable();

const row = z.object({
  poll_ms: z.number().nullable(),
  model: z.string().nullable(),
  planned: release,
  planned_why: z.enum(["rollout", "pinned", "rollback", "paused", "steady"]).nullable(),
  planned_rollout: z.string().nullable(),
  active: release,
  previous: release,
  highest: release,
  pinned: release,
  reported_at: z.date().nullable(),
});
