import { z } from "zod";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { KeyRecord } from "./api-key.ts";

const row = z.object({ id: z.string(), name: z.string(), hash: z.string() });

/** Every key that still opens the door. */
export function readKeys(
  database: Database,
  { signal }: { readonly signal: AbortSignal },
): Promise<KeyRecord[]> {
  return database.query("SELECT id, name, hash FROM api_keys WHERE revoked_at IS NULL", [], {
    parse: row.parse,
    signal,
  });
}

/** Stores a key; one that is there already stays as it is. */
export async function storeKey(
  database: Database,
  { id, name, hash }: KeyRecord,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const text = "INSERT INTO api_keys (id, name, hash) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
  await database.query(text, [id, name, hash], { signal });
}

/** Returns whether there was such a key to revoke. */
export async function revokeKey(
  database: Database,
  id: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<boolean> {
  const text =
    "UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id, name, hash";
  const revoked = await database.query(text, [id], { parse: (found) => row.parse(found), signal });
  return revoked.length > 0;
}
