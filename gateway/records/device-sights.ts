import { z } from "zod";
import { modelReport } from "#infra/runtime/devices/words.ts";
import type { Query } from "#infra/runtime/postgres/database.ts";
import type { DeviceModel, DeviceSight } from "../devices/device-sight.ts";
import { unknownPollMs } from "./ring-sizes.ts";

export type SightFilter = {
  readonly model?: string | undefined;
  readonly label?: string | undefined;
  /** The last one of the page before. */
  readonly after?: string | undefined;
  readonly most: number;
};

type Options = { readonly signal?: AbortSignal };

/** Devices that were not revoked, with all that is on record of their models, by id. */
export function readDeviceSights(
  query: Query,
  { model, label, after, most }: SightFilter,
  options: Options = {},
): Promise<DeviceSight[]> {
  const values = [model ?? null, label ?? null, after ?? null, most];
  return query(select, values, { ...options, parse: (given) => parseSight(given, model) });
}

/** All of them, page by page. */
export async function readWholeFleet(
  query: Query,
  filter: Omit<SightFilter, "after" | "most">,
  options: Options = {},
): Promise<readonly DeviceSight[]> {
  const all: DeviceSight[] = [];
  for (;;) {
    const some = await readDeviceSights(query, { ...filter, after: all.at(-1)?.id, most: page }, options);
    all.push(...some);
    if (some.length < page) return all;
  }
}

const page = 2_000;

const select = `SELECT device.id, device.label, device.hardware, device.agent, device.last_seen_at, device.poll_ms, device.models AS wanted,
    device.set_aside_at, device.set_aside_why, device.report ->> 'trouble' AS trouble,
    coalesce(models.list, '[]') AS models
  FROM devices device
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('model', model, 'planned', planned, 'why', planned_why,
      'since', extract(epoch FROM planned_at) * 1000, 'report', report,
      'at', extract(epoch FROM reported_at) * 1000) ORDER BY model) AS list
    FROM device_models WHERE device_models.device = device.id AND ($1::text IS NULL OR model = $1)
  ) AS models ON true
  WHERE device.revoked_at IS NULL AND ($1::text IS NULL OR models.list IS NOT NULL OR $1 = ANY (device.models))
    AND ($2::text IS NULL OR device.label = $2) AND ($3::text IS NULL OR device.id > $3)
  ORDER BY device.id LIMIT $4`;

const keptModel = z.object({
  model: z.string(),
  planned: z.number().nullable(),
  why: z.enum(["rollout", "pinned", "rollback", "paused", "steady"]).nullable(),
  since: z.number().nullable(),
  // One of a later version that this one cannot read is none.
  report: modelReport.nullable().catch(null),
  at: z.number().nullable(),
});

const row = z.object({
  id: z.string(),
  label: z.string().nullable(),
  hardware: z.string(),
  agent: z.string(),
  last_seen_at: z.date().nullable(),
  poll_ms: z.number().nullable(),
  set_aside_at: z.date().nullable(),
  set_aside_why: z.string().nullable(),
  trouble: z.string().nullable(),
  wanted: z.array(z.string()),
  models: z.array(keptModel),
});

function parseSight(given: unknown, model: string | undefined): DeviceSight {
  const found = row.parse(given);
  const { set_aside_at: asideAt, set_aside_why: asideWhy, poll_ms: pollMs } = found;
  return {
    ...{ id: found.id, label: found.label ?? undefined, hardware: found.hardware, agent: found.agent },
    lastSeen: found.last_seen_at?.getTime(),
    pollMs: pollMs ?? unknownPollMs,
    setAside: asideAt ? { at: asideAt.getTime(), why: asideWhy ?? "" } : undefined,
    trouble: found.trouble ?? undefined,
    models: [...found.models.map(modelOf), ...unheardOf(found, model)],
  };
}

/** What a device is to have and was never told of, nor said anything of. */
function unheardOf({ wanted, models }: z.output<typeof row>, only: string | undefined): DeviceModel[] {
  return wanted
    .filter((name) => (only === undefined || name === only) && !models.some(({ model }) => model === name))
    .map((model) => ({ model, planned: undefined, reported: undefined }));
}

function modelOf({ model, planned, why, since, report, at }: z.output<typeof keptModel>): DeviceModel {
  return {
    model,
    planned: why === null ? undefined : { release: planned, why, since: since ?? undefined },
    reported: report === null || at === null ? undefined : { ...report, at },
  };
}
