import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { keyId, keyName, usualRights } from "../../records/api-key.ts";
import { concurrency, modelList, originList, rateList, scopeList, tenantId } from "../../records/rights.ts";
import { retentionDays, tenantBounds } from "../../records/tenant-bounds.ts";

/** What the administrators' door takes and gives; the API's description is made from these. */

const moment = z.iso.datetime({ offset: true, error: "expected a moment such as 2030-01-31T00:00:00Z" });

export const keyBody = z.strictObject({
  name: keyName,
  /** The administrator's own, if none is named. */
  tenant: tenantId.exactOptional(),
  scopes: scopeList.default([...usualRights.scopes]),
  models: modelList.or(z.literal("all")).default("all"),
  origins: originList.default([]),
  expires_at: moment.exactOptional(),
  limits: rateList.default([]),
  concurrency: concurrency.exactOptional(),
});

export const rotationBody = z.strictObject({
  /** How long the old key works on; `0` ends it at once. */
  overlap: z
    .literal("0")
    .transform(() => 0)
    .or(durationUpTo("90d"))
    .default(86_400_000),
  /** Of the new key, where it is not to be that of the old one. */
  expires_at: moment.exactOptional(),
});

export const tenantBody = tenantBounds.extend({ retention_days: retentionDays.default(365) });

const pageSize = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, "expected a number from 1 to 1000")
  .transform(Number)
  .refine((most) => most <= 1_000, { error: "expected a number from 1 to 1000" })
  .default(100);

export const keyQuery = z.strictObject({
  tenant: tenantId.exactOptional(),
  /** With those that were revoked. */
  revoked: z.enum(["true", "false"]).default("false"),
  limit: pageSize,
  cursor: keyId.exactOptional(),
});

export const tenantQuery = z.strictObject({ limit: pageSize, cursor: tenantId.exactOptional() });

export const auditQuery = z.strictObject({
  tenant: tenantId.exactOptional(),
  since: moment.exactOptional(),
  limit: pageSize,
  cursor: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, "expected the next_cursor of the page before")
    .exactOptional(),
});

export const keyParams = z.object({ id: keyId });

export const tenantParams = z.object({ id: tenantId });

const writtenRate = z.object({ requests: z.int(), per: z.string(), burst: z.int() });

const writtenLimits = { limits: z.array(writtenRate), concurrency: z.int().optional() };

const nextCursor = z.string().nullable();

export const keyAnswer = z.object({
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  scopes: scopeList,
  models: z.array(z.string()).or(z.literal("all")),
  origins: z.array(z.string()),
  ...writtenLimits,
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  /** The key that takes over, and until when this one works beside it. */
  replaced_by: z.string().nullable(),
  works_until: z.string().nullable(),
});

/** The text of the key is in this answer and nowhere else. */
export const newKeyAnswer = z.object({
  key: z.string(),
  ...keyAnswer.pick({ id: true, name: true, tenant: true, scopes: true, models: true, origins: true }).shape,
  ...writtenLimits,
  expires_at: z.string().nullable(),
});

export const rotationAnswer = newKeyAnswer.extend({
  replaces: z.string(),
  replaced_works_until: z.string(),
});

export const keyListAnswer = z.object({ keys: z.array(keyAnswer), next_cursor: nextCursor });

export const tenantAnswer = z.object({
  id: z.string(),
  ...writtenLimits,
  models: z.record(z.string(), z.object(writtenLimits)),
  monthly: z.object({ images: z.number().optional(), usd: z.number().optional() }),
  retention_days: z.int(),
  created_at: z.string(),
});

export const tenantListAnswer = z.object({ tenants: z.array(tenantAnswer), next_cursor: nextCursor });

export const auditAnswer = z.object({
  events: z.array(
    z.object({
      id: z.int(),
      at: z.string(),
      actor: z.string(),
      action: z.string(),
      subject: z.string(),
      tenant: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
  next_cursor: nextCursor,
});
