import type { z } from "zod";
import type { KeyRecord, KeyRights } from "../../records/api-key.ts";
import type { AuditEntry } from "../../records/audit.ts";
import type { KeyListing } from "../../records/key-rows.ts";
import { writtenLimits } from "../../records/rights.ts";
import { writtenTenant } from "../../records/tenant-bounds.ts";
import type { TenantListing } from "../../records/tenants.ts";
import type { auditAnswer, keyAnswer, newKeyAnswer, tenantAnswer } from "./schemas.ts";

/** Records as the administrators' door shows them. */
export function presentKey(key: KeyListing): z.input<typeof keyAnswer> {
  return {
    ...presentRights(key),
    created_at: key.createdAt.toISOString(),
    expires_at: presentMoment(key.expiresAt),
    last_used_at: presentMoment(key.lastUsedAt),
    revoked_at: presentMoment(key.revokedAt),
    replaced_by: key.replacedBy ?? null,
    works_until: presentMoment(key.overlapEndsAt),
  };
}

export function presentNewKey(text: string, record: KeyRecord): z.input<typeof newKeyAnswer> {
  return { key: text, ...presentRights(record), expires_at: presentMoment(record.expiresAt) };
}

export function presentTenant(tenant: TenantListing): z.input<typeof tenantAnswer> {
  const { id, retentionDays, createdAt } = tenant;
  return {
    id,
    ...writtenTenant(tenant),
    retention_days: retentionDays,
    created_at: createdAt.toISOString(),
  };
}

export function presentEvent(event: AuditEntry): z.input<typeof auditAnswer>["events"][number] {
  return { ...event, at: event.at.toISOString() };
}

function presentRights({
  id,
  name,
  tenant,
  scopes,
  models,
  origins,
  limits,
}: KeyRights & { readonly id: string; readonly name: string }) {
  const listed = models === "all" ? ("all" as const) : [...models];
  return {
    id,
    name,
    tenant,
    scopes: [...scopes],
    models: listed,
    origins: [...origins],
    ...writtenLimits(limits),
  };
}

function presentMoment(moment: Date | number | undefined): string | null {
  return moment === undefined ? null : new Date(moment).toISOString();
}
