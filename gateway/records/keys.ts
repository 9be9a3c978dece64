import type { Chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { type Actor, reaches, refuseBeyond } from "./actor.ts";
import { createApiKey, type KeyRecord, type KeyRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";
import { insertKey, type KeyListing, listingColumns, parseListing } from "./key-rows.ts";
import { countLiveKeys, takeTenant } from "./tenants.ts";

/** Its text is shown this once. */
export type NewKey = { readonly text: string; readonly record: KeyRecord };

export type CreateKey = {
  readonly actor: Actor;
  readonly name: string;
  readonly rights: KeyRights;
  readonly chance: Chance;
};

export async function createKey(
  database: Database,
  { actor, name, rights, chance }: CreateKey,
  options: { readonly signal?: AbortSignal } = {},
): Promise<NewKey> {
  refuseBeyond(actor, rights);
  return await database.transaction(async (query) => {
    await takeTenant(query, rights.tenant);
    await refuseTooMany(query, actor, rights.tenant);
    const created = createApiKey(name, chance, rights);
    await insertAnew(query, created.record);
    const { id, tenant } = created.record;
    await recordAudit(query, {
      actor,
      action: "key.create",
      subject: id,
      tenant,
      details: told(created.record),
    });
    return created;
  }, options);
}

export type RotateKey = {
  readonly actor: Actor;
  readonly id: string;
  /** How long the old key goes on working; nothing of it means that the old one ends now. */
  readonly overlapMs: number;
  /** When the new key expires, if not when the old one would have. */
  readonly expiresAt?: number | undefined;
  readonly now: number;
  readonly chance: Chance;
};

/** A new key with the rights of an old one, which works on for a while, so that its owner can exchange them in peace. */
export function rotateKey(
  database: Database,
  { actor, id, overlapMs, expiresAt, now, chance }: RotateKey,
  options: { readonly signal?: AbortSignal } = {},
): Promise<NewKey & { readonly overlapEndsAt: Date }> {
  return database.transaction(async (query) => {
    const old = await takeForRotation(query, { actor, id, now });
    const { name, tenant, scopes, models, origins, limits } = old;
    const expiry = expiresAt ?? old.expiresAt;
    const rights = {
      tenant,
      scopes,
      models,
      origins,
      limits,
      ...(expiry !== undefined && { expiresAt: expiry }),
    };
    refuseBeyond(actor, rights);
    await refuseTooMany(query, actor, tenant);
    const created = createApiKey(name, chance, rights);
    await insertAnew(query, created.record);
    const overlapEndsAt = new Date(now + overlapMs);
    const text = "UPDATE api_keys SET replaced_by = $2, overlap_ends_at = $3 WHERE id = $1";
    await query(text, [id, created.record.id, overlapEndsAt]);
    const details = { ...told(created.record), replaced_by: created.record.id, works_until: overlapEndsAt };
    await recordAudit(query, { actor, action: "key.rotate", subject: id, tenant, details });
    return { ...created, overlapEndsAt };
  }, options);
}

/** For good, within a second everywhere. */
export function revokeKey(
  database: Database,
  { actor, id }: { readonly actor: Actor; readonly id: string },
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  return database.transaction(async (query) => {
    const key = await takeKey(query, actor, id);
    if (key === undefined || key.revokedAt) throw unknown(`there is no key ${id} to revoke`);
    await query("UPDATE api_keys SET revoked_at = now() WHERE id = $1", [id]);
    const details = { name: key.name };
    await recordAudit(query, { actor, action: "key.revoke", subject: id, tenant: key.tenant, details });
  }, options);
}

export type KeyFilter = {
  readonly tenant?: string | undefined;
  /** The last one of the page before. */
  readonly after?: string | undefined;
  readonly most: number;
  /** With those that were revoked. */
  readonly all?: boolean | undefined;
};

export function listKeys(
  query: Query,
  { tenant, after, most, all = false }: KeyFilter,
  options: { readonly signal?: AbortSignal } = {},
): Promise<KeyListing[]> {
  const text = `SELECT ${listingColumns} FROM api_keys
    WHERE ($1::text IS NULL OR tenant = $1) AND ($2::text IS NULL OR id > $2) AND ($3 OR revoked_at IS NULL)
    ORDER BY id LIMIT $4`;
  return query(text, [tenant ?? null, after ?? null, all, most], { ...options, parse: parseListing });
}

/** Stores a key whose text is known already, as a development key's; one that is there stays as it is. */
export async function storeKey(
  database: Database,
  record: KeyRecord,
  { actor = { id: "tradewind" }, signal }: { readonly actor?: Actor; readonly signal?: AbortSignal } = {},
): Promise<void> {
  await database.transaction(
    async (query) => {
      if (!(await insertKey(query, record))) return;
      const { id, tenant } = record;
      await recordAudit(query, { actor, action: "key.create", subject: id, tenant, details: told(record) });
    },
    signal ? { signal } : {},
  );
}

/** Gives a live key the scopes of its record; returns whether there is such a key. */
export async function widenKey(
  database: Database,
  { id, hash, scopes }: KeyRecord,
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  const text = `UPDATE api_keys SET scopes = $3 WHERE id = $1 AND hash = $2 AND revoked_at IS NULL
    AND coalesce(least(expires_at, overlap_ends_at) > now(), true) RETURNING id`;
  return (await database.query(text, [id, hash, scopes], options)).length > 0;
}

/** Every gateway keeps all keys in memory, so a tenant's own administrators can't make any number of them. */
export const mostOwnKeys = 1_000;

async function refuseTooMany(query: Query, { within }: Actor, tenant: string): Promise<void> {
  if (within === undefined || (await countLiveKeys(query, tenant)) < mostOwnKeys) return;
  throw new TradewindError(
    "forbidden",
    `tenant ${tenant} has ${mostOwnKeys} live keys already: revoke some, or ask the operators for more`,
  );
}

async function insertAnew(query: Query, record: KeyRecord): Promise<void> {
  if (await insertKey(query, record)) return;
  throw new TradewindError("record_exists", "a key of this id is there already, which is chance: try again");
}

async function takeForRotation(
  query: Query,
  { actor, id, now }: Pick<RotateKey, "actor" | "id" | "now">,
): Promise<KeyListing> {
  const key = await takeKey(query, actor, id);
  if (key === undefined || key.revokedAt) throw unknown(`there is no key ${id} to rotate`);
  if (key.replacedBy !== undefined) {
    throw new TradewindError(
      "record_exists",
      `key ${id} was rotated already: its successor is ${key.replacedBy}`,
    );
  }
  if (key.expiresAt !== undefined && key.expiresAt <= now) {
    throw unknown(`key ${id} has expired, so there is nothing to rotate: create another`);
  }
  return key;
}

/** Held until the transaction ends. Whoever cannot reach a key is not told that it is there. */
async function takeKey(query: Query, actor: Actor, id: string): Promise<KeyListing | undefined> {
  const text = `SELECT ${listingColumns} FROM api_keys WHERE id = $1 FOR UPDATE`;
  const [key] = await query(text, [id], { parse: parseListing });
  return key && reaches(actor, key.tenant) ? key : undefined;
}

function unknown(message: string): TradewindError {
  return new TradewindError("record_unknown", message);
}

/** What the audit keeps of a key. */
function told({ name, scopes, models, origins, limits, expiresAt }: KeyRecord): Record<string, unknown> {
  const expiry = expiresAt === undefined ? {} : { expires_at: new Date(expiresAt) };
  return { name, scopes, models, origins, limits, ...expiry };
}
