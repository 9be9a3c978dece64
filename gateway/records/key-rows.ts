import { z } from "zod";
import type { Query } from "#infra/runtime/postgres/database.ts";
import type { KeyRecord, KeyRights } from "./api-key.ts";
import { isScope } from "./rights.ts";

/** A key as a list shows it: what it may do and what became of it, never its hash. */
export type KeyListing = KeyRights & {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt?: Date;
  readonly revokedAt?: Date;
  readonly replacedBy?: string;
  /** Until when a key that was replaced goes on working. */
  readonly overlapEndsAt?: Date;
};

/** What a gateway needs of a key, or that the key is gone. */
export type KeyChange = KeyRecord | { readonly id: string; readonly gone: true };

export const storedLimits = z.object({
  rates: z.array(
    z.object({ requests: z.number().min(1), perMs: z.number().min(1), burst: z.number().min(1) }),
  ),
  concurrency: z.number().min(1).exactOptional(),
});

const rights = {
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  // A newer version may know more of them.
  scopes: z.array(z.string()).transform((names) => names.filter(isScope)),
  models: z
    .array(z.string())
    .nullable()
    .transform((names) => names ?? ("all" as const)),
  origins: z.array(z.string()),
  limits: storedLimits,
  expires_at: z.date().nullable(),
};

const listing = z.object({
  ...rights,
  created_at: z.date(),
  last_used_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  replaced_by: z.string().nullable(),
  overlap_ends_at: z.date().nullable(),
});

export const listingColumns =
  "id, name, tenant, scopes, models, origins, limits, expires_at, created_at, last_used_at, revoked_at, replaced_by, overlap_ends_at";

export function parseListing(row: unknown): KeyListing {
  const { expires_at, created_at, last_used_at, revoked_at, replaced_by, overlap_ends_at, ...rest } =
    listing.parse(row);
  return {
    ...rest,
    ...(expires_at && { expiresAt: expires_at.getTime() }),
    createdAt: created_at,
    ...(last_used_at && { lastUsedAt: last_used_at }),
    ...(revoked_at && { revokedAt: revoked_at }),
    ...(replaced_by !== null && { replacedBy: replaced_by }),
    ...(overlap_ends_at && { overlapEndsAt: overlap_ends_at }),
  };
}

const change = z.object({ ...rights, hash: z.string(), revoked: z.boolean() });

/** What expires first counts: the key itself, or the time in which its successor was to take over. */
export const changeColumns =
  "id, name, hash, tenant, scopes, models, origins, limits, least(expires_at, overlap_ends_at) AS expires_at, revoked_at IS NOT NULL AS revoked";

export function parseChange(row: unknown): KeyChange {
  const { expires_at, revoked, ...rest } = change.parse(row);
  if (revoked) return { id: rest.id, gone: true };
  return expires_at ? { ...rest, expiresAt: expires_at.getTime() } : rest;
}

/** Returns whether it is new; a key that is there already stays as it is. */
export async function insertKey(query: Query, record: KeyRecord): Promise<boolean> {
  const { id, name, hash, tenant, scopes, models, origins, limits, expiresAt } = record;
  const text = `INSERT INTO api_keys (id, name, hash, tenant, scopes, models, origins, limits, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING RETURNING id`;
  const expiry = expiresAt === undefined ? null : new Date(expiresAt);
  const listed = models === "all" ? null : models;
  const values = [id, name, hash, tenant, scopes, listed, origins, JSON.stringify(limits), expiry];
  return (await query(text, values)).length > 0;
}
