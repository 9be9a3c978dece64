import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { type AuditAction, recordAudit } from "./audit.ts";

type Options = { readonly signal?: AbortSignal };

/** A device as a list shows it. */
export type DeviceListing = {
  readonly id: string;
  readonly label: string | undefined;
  readonly hardware: string;
  readonly agent: string;
  /** None listed means all that are published. */
  readonly models: readonly string[];
  readonly createdAt: Date;
  readonly lastSeenAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  /** Since when nothing is taken from it, and why. */
  readonly setAside: { readonly at: Date; readonly why: string } | undefined;
  /** Thumbprints of the keys that are good now, the newest first. */
  readonly keys: readonly { readonly thumbprint: string; readonly endsAt: Date | undefined }[];
  /** What it said of itself last, unchecked. */
  readonly report: unknown;
  readonly reportedAt: Date | undefined;
};

export type DeviceState = "active" | "set_aside" | "revoked";

export function stateOf({ revokedAt, setAside }: Pick<DeviceListing, "revokedAt" | "setAside">): DeviceState {
  if (revokedAt) return "revoked";
  return setAside ? "set_aside" : "active";
}

export type DeviceFilter = {
  readonly label?: string | undefined;
  /** The last one of the page before. */
  readonly after?: string | undefined;
  readonly most: number;
  /** With those that were revoked. */
  readonly all?: boolean | undefined;
};

export function listDevices(
  query: Query,
  { label, after, most, all = false }: DeviceFilter,
  options: Options = {},
): Promise<DeviceListing[]> {
  const text = `${select} WHERE ($1::text IS NULL OR label = $1) AND ($2::text IS NULL OR id > $2)
    AND ($3 OR revoked_at IS NULL) ORDER BY id LIMIT $4`;
  return query(text, [label ?? null, after ?? null, all, most], { ...options, parse: parseDevice });
}

export async function readDevice(query: Query, id: string, options: Options = {}): Promise<DeviceListing> {
  const [found] = await query(`${select} WHERE id = $1`, [id], { ...options, parse: parseDevice });
  if (!found) throw unknown(id);
  return found;
}

type Change = { readonly actor: Actor; readonly id: string };

/** For good: it is refused from its next call on, at every gateway. */
export async function revokeDevice(
  database: Database,
  { actor, id }: Change,
  options: Options = {},
): Promise<void> {
  refuseUnlessOperator(actor, "revoke devices");
  const text = "UPDATE devices SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id";
  await change(database, { actor, id, action: "device.revoke", text, values: [] }, options);
}

/**
 * What was set aside is taken from again. Its numbers begin anew, since the copy's may have been higher; where both go on,
 * it is soon set aside again.
 */
export async function releaseDevice(
  database: Database,
  { actor, id }: Change,
  options: Options = {},
): Promise<void> {
  refuseUnlessOperator(actor, "release devices");
  const text = `UPDATE devices SET set_aside_at = NULL, set_aside_why = NULL,
      last_number = 0, last_proof = '', used_numbers = 0::bit(512)
    WHERE id = $1 AND revoked_at IS NULL AND set_aside_at IS NOT NULL RETURNING id`;
  await change(database, { actor, id, action: "device.release", text, values: [] }, options);
}

export async function labelDevice(
  database: Database,
  { actor, id, label }: Change & { readonly label: string | undefined },
  options: Options = {},
): Promise<void> {
  refuseUnlessOperator(actor, "label devices");
  const text = "UPDATE devices SET label = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id";
  const values = [label ?? null];
  await change(database, { actor, id, action: "device.label", text, values, details: { label } }, options);
}

/** Nothing is taken from it any more; answers whether that is new. */
export function setAside(
  database: Database,
  { id, why }: { readonly id: string; readonly why: string },
  options: Options = {},
): Promise<boolean> {
  const text = `UPDATE devices SET set_aside_at = now(), set_aside_why = $2
    WHERE id = $1 AND revoked_at IS NULL AND set_aside_at IS NULL RETURNING id`;
  return database.transaction(async (query) => {
    if ((await query(text, [id, why])).length === 0) return false;
    const actor = { id: "tradewind" };
    await recordAudit(query, { actor, action: "device.set_aside", subject: id, tenant, details: { why } });
    return true;
  }, options);
}

const tenant = usualRights.tenant;

type Changing = Change & {
  readonly action: AuditAction;
  readonly text: string;
  readonly values: readonly unknown[];
  readonly details?: Readonly<Record<string, unknown>>;
};

async function change(
  database: Database,
  { actor, id, action, text, values, details = {} }: Changing,
  options: Options,
): Promise<void> {
  await database.transaction(async (query) => {
    if ((await query(text, [id, ...values])).length === 0) throw await whyNot(query, id);
    await recordAudit(query, { actor, action, subject: id, tenant, details });
  }, options);
}

async function whyNot(query: Query, id: string): Promise<TradewindError> {
  const state = stateOf(await readDevice(query, id));
  if (state === "revoked") return new TradewindError("record_unknown", `device ${id} was revoked for good`);
  return new TradewindError("record_unknown", `device ${id} was not set aside`);
}

function unknown(id: string): TradewindError {
  return new TradewindError("record_unknown", `there is no device ${id.slice(0, 40)}`);
}

const select = `SELECT id, label, hardware, agent, models, created_at, last_seen_at, revoked_at,
    set_aside_at, set_aside_why, report, reported_at,
    coalesce((SELECT jsonb_agg(jsonb_build_object('thumbprint', thumbprint, 'endsAt', ends_at)
        ORDER BY ends_at DESC NULLS FIRST)
      FROM device_keys WHERE device = devices.id AND (ends_at IS NULL OR ends_at > now())), '[]') AS keys
  FROM devices`;

const moment = z.date().nullable();

const row = z.object({
  id: z.string(),
  label: z.string().nullable(),
  hardware: z.string(),
  agent: z.string(),
  models: z.array(z.string()),
  created_at: z.date(),
  last_seen_at: moment,
  revoked_at: moment,
  set_aside_at: moment,
  set_aside_why: z.string().nullable(),
  report: z.unknown(),
  reported_at: moment,
  keys: z.array(z.object({ thumbprint: z.string(), endsAt: z.coerce.date().nullable() })),
});

function parseDevice(given: unknown): DeviceListing {
  const { id, label, hardware, agent, models, keys, report, ...rest } = row.parse(given);
  return {
    ...{ id, hardware, agent, models, report: report ?? undefined },
    label: label ?? undefined,
    createdAt: rest.created_at,
    lastSeenAt: rest.last_seen_at ?? undefined,
    revokedAt: rest.revoked_at ?? undefined,
    setAside: rest.set_aside_at ? { at: rest.set_aside_at, why: rest.set_aside_why ?? "" } : undefined,
    keys: keys.map(({ thumbprint, endsAt }) => ({ thumbprint, endsAt: endsAt ?? undefined })),
    reportedAt: rest.reported_at ?? undefined,
  };
}
