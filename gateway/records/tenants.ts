import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import type { Tenant } from "../caller.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";
import { storedLimits } from "./key-rows.ts";
import { writtenTenant } from "./tenant-bounds.ts";

export type TenantListing = Tenant & { readonly createdAt: Date };

/** What a gateway needs of a tenant, or that the tenant is gone. */
export type TenantChange = Tenant | { readonly id: string; readonly gone: true };

/** Returns whether the tenant is new. */
export async function putTenant(
  database: Database,
  { actor, tenant }: { readonly actor: Actor; readonly tenant: Tenant },
): Promise<{ readonly isNew: boolean; readonly stored: TenantListing }> {
  refuseUnlessOperator(actor, "change tenants");
  return await database.transaction(async (query) => {
    const [before] = await query(`${select} WHERE id = $1 AND deleted_at IS NULL FOR UPDATE`, [tenant.id], {
      parse: parseOrSpare,
    });
    const stored = await upsert(query, tenant);
    const action = before ? "tenant.change" : "tenant.create";
    const details = { now: told(tenant), ...(before && { before: toldIfRead(before) }) };
    await recordAudit(query, { actor, action, subject: tenant.id, tenant: tenant.id, details });
    return { isNew: before === undefined, stored };
  });
}

/** A tenant with keys that open the door stays, and so does the one to which bare keys belong. */
export async function deleteTenant(
  database: Database,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<void> {
  refuseUnlessOperator(actor, "delete tenants");
  if (id === usualRights.tenant) {
    throw new TradewindError("forbidden", `the tenant ${id} is the operators' own and stays`);
  }
  return await database.transaction(async (query) => {
    const [found] = await query("SELECT id FROM tenants WHERE id = $1 AND deleted_at IS NULL FOR UPDATE", [
      id,
    ]);
    if (!found) throw unknown(id);
    const keys = await countLiveKeys(query, id);
    if (keys > 0) {
      const message = `tenant ${id} still has ${keys} live ${keys === 1 ? "key" : "keys"}: revoke them first`;
      throw new TradewindError("record_exists", message);
    }
    await query("UPDATE tenants SET deleted_at = now() WHERE id = $1", [id]);
    await recordAudit(query, { actor, action: "tenant.delete", subject: id, tenant: id });
  });
}

export type TenantFilter = {
  /** This one alone. */
  readonly id?: string | undefined;
  /** The last one of the page before. */
  readonly after?: string | undefined;
  readonly most: number;
};

export function listTenants(query: Query, { id, after, most }: TenantFilter): Promise<TenantListing[]> {
  const text = `${select} WHERE deleted_at IS NULL AND ($1::text IS NULL OR id = $1) AND ($2::text IS NULL OR id > $2)
    ORDER BY id LIMIT $3`;
  return query(text, [id ?? null, after ?? null, most], { parse: parseTenant });
}

/** Holds a tenant until the transaction ends, so that it is not deleted while it gets a key. */
export async function takeTenant(query: Query, id: string): Promise<void> {
  const text = "SELECT id FROM tenants WHERE id = $1 AND deleted_at IS NULL FOR SHARE";
  if ((await query(text, [id])).length === 0) throw unknown(id);
}

export const tenantColumns =
  "id, limits, model_limits, monthly_images, monthly_nano_usd, retention_days, created_at, deleted_at IS NOT NULL AS deleted";

export function parseTenantChange(row: unknown): TenantChange {
  const { id, deleted } = deletion.parse(row);
  if (deleted) return { id, gone: true };
  const { createdAt: _, ...tenant } = parseTenant(row);
  return tenant;
}

const select = `SELECT ${tenantColumns} FROM tenants`;

const deletion = z.object({ id: z.string(), deleted: z.boolean() });

/** The driver gives numbers of 64 bits as text. */
const long = z.coerce.number().nullable();

const tenantRow = z.object({
  id: z.string(),
  limits: storedLimits,
  model_limits: z.record(z.string(), storedLimits),
  monthly_images: long,
  monthly_nano_usd: long,
  retention_days: z.number(),
  created_at: z.date(),
});

function parseTenant(row: unknown): TenantListing {
  const { id, limits, ...rest } = tenantRow.parse(row);
  const { monthly_images: images, monthly_nano_usd: nanoUsd } = rest;
  return {
    id,
    limits,
    modelLimits: new Map(Object.entries(rest.model_limits)),
    monthly: { ...(images !== null && { images }), ...(nanoUsd !== null && { nanoUsd }) },
    retentionDays: rest.retention_days,
    createdAt: rest.created_at,
  };
}

/** Writing a row anew is how one is repaired that somebody spoiled by hand. */
function parseOrSpare(row: unknown): TenantListing | "unreadable" {
  try {
    return parseTenant(row);
  } catch {
    return "unreadable";
  }
}

async function upsert(query: Query, tenant: Tenant): Promise<TenantListing> {
  const { id, limits, modelLimits, monthly, retentionDays } = tenant;
  const text = `INSERT INTO tenants (id, limits, model_limits, monthly_images, monthly_nano_usd, retention_days)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE SET limits = excluded.limits, model_limits = excluded.model_limits,
      monthly_images = excluded.monthly_images, monthly_nano_usd = excluded.monthly_nano_usd,
      retention_days = excluded.retention_days, deleted_at = NULL
    RETURNING ${tenantColumns}`;
  const models = JSON.stringify(Object.fromEntries(modelLimits));
  const months = [monthly.images ?? null, monthly.nanoUsd ?? null];
  const values = [id, JSON.stringify(limits), models, ...months, retentionDays];
  const [stored] = await query(text, values, { parse: parseTenant });
  if (!stored) throw new TradewindError("internal", "a tenant was written and not given back");
  return stored;
}

/** Those that open the door, or still do beside their successors. */
export async function countLiveKeys(query: Query, tenant: string): Promise<number> {
  const text = `SELECT count(*) AS keys FROM api_keys WHERE tenant = $1 AND revoked_at IS NULL
    AND coalesce(least(expires_at, overlap_ends_at) > now(), true)`;
  const counted = z.object({ keys: z.coerce.number() });
  const [found] = await query(text, [tenant], { parse: (row) => counted.parse(row) });
  return found?.keys ?? 0;
}

function told(tenant: Tenant): Record<string, unknown> {
  return { ...writtenTenant(tenant), retention_days: tenant.retentionDays };
}

function toldIfRead(tenant: Tenant | "unreadable"): Record<string, unknown> | string {
  return tenant === "unreadable" ? tenant : told(tenant);
}

function unknown(id: string): TradewindError {
  return new TradewindError("record_unknown", `there is no tenant ${id}`);
}
